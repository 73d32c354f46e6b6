#!/usr/bin/env python3
"""Something else takes the memory of the machine in the middle of an outage: what is lost?

    cargo build --release --workspace && python3 tests/load/memory_short.py [--seconds 120]

Loopback only. The system ends the service, and for a while it gets hardly more memory than it starts with,
while it watches servers whose tools are half a MiB each; whenever that ends it, it is started again after two
seconds, as a supervisor would. Meanwhile one server goes down and another comes back; then there is memory
again. Ends with an error when an alert is lost or wrong, or when the service was never short. Takes the time
that it is short, and two minutes.
"""

import argparse
import resource
import tempfile
import time

from database_away import outages_around
from stage import Receiver, Server, Service, Stage, table
from told import account, broken

HEAVY, TOOLS = 20, 400
# What it may have more than it has at the moment, and how long a supervisor waits, in seconds.
SPARE, RESTART = 256 << 10, 2


class HeavyServer(Server):
    def tools(self):
        words = "word " * 250
        return [{"name": f"tool_{n}", "description": words, "inputSchema": {"type": "object"}} for n in range(TOOLS)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as own:
        play(given, own)


def play(given, own):
    stage = Stage()
    receiver = Receiver(stage)
    servers = {name: Server(stage) for name in ("recovers", "breaks", "steady")}
    servers |= {f"heavy {n}": HeavyServer(stage) for n in range(HEAVY)}
    service = Service(own, "debug" if given.debug else "release")
    try:
        meanwhile = lambda _: short(given, service, servers)
        _, seen = outages_around(meanwhile, service, receiver, servers)
        judge(service, receiver, seen)
    finally:
        service.stop()


def short(given, service, servers):
    """Keeps the service from any more memory for a while; gives how often that ended it, and for how many
    looks it answered."""
    began = time.monotonic()
    service.kill()
    service.start()
    squeeze(service)
    servers["recovers"].up()
    servers["breaks"].refuse()
    ends = looks = answers = 0
    while time.monotonic() - began < given.seconds:
        time.sleep(1)
        looks += 1
        answers += service.get("GET", "/readyz", timeout=5)[0] is not None
        if service.process.poll() is not None:
            ends += 1
            service.kill()
            time.sleep(RESTART)
            service.start()
            squeeze(service)
    resource.prlimit(service.process.pid, resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return ends, looks, answers


def squeeze(service):
    with open(f"/proc/{service.process.pid}/status") as status:
        has = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
    resource.prlimit(service.process.pid, resource.RLIMIT_DATA, (has + SPARE, resource.RLIM_INFINITY))


def judge(service, receiver, seen):
    ends, looks, answers = seen
    incidents = [incident["id"] for incident in service.all("/incidents")]
    found = account(receiver.received, incidents, ["ops"])
    table(["ended", "looks", "answered", "incidents", *found], [[ends, looks, answers, len(incidents), *found.values()]])
    faults = broken(found)
    if len(incidents) != 2:
        faults.append(f"{len(incidents)} incidents instead of 2")
    if not ends:
        faults.append("it was never short")
    if faults:
        raise SystemExit("broken: " + "\n".join(faults))


if __name__ == "__main__":
    main()
