#!/usr/bin/env python3
"""A hundred outages at random moments of the minute: how long until somebody hears of it?

    cargo build --release --workspace && python3 tests/load/outage_latency.py [--refused 80] [--hanging 20]

Every monitor has a server of its own on loopback, an interval of 60 seconds and one webhook. Prints
median and worst of the whole way and of its parts: waiting for the slot, confirming, sending. Ends
with an error when an outage was not told, a refused connection later than 20 s after its first
failing check, or a server that hangs later than 60 s after it. Takes four minutes.
"""

import argparse
import random
import tempfile
import time

from stage import Receiver, Server, Service, Stage, median, ms, table, wait_for

INTERVAL = 60
# Seconds from the first failing check to the message.
REFUSED, HANGING = 20, 60


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--refused", type=int, default=80)
    options.add_argument("--hanging", type=int, default=20)
    options.add_argument("--database", help="postgres://…; an embedded file otherwise")
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = options.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        play(given, folder, random.Random(given.seed))


def play(given, folder, chance):
    stage = Stage()
    receiver = Receiver(stage)
    servers = [Server(stage) for _ in range(given.refused + given.hanging)]
    service = Service(folder, "debug" if given.debug else "release", given.database)
    try:
        service.webhook(receiver.url("ops"))
        monitors = {}
        for number, server in enumerate(servers):
            body = {"url": server.url, "name": f"{number}", "interval_seconds": INTERVAL}
            monitors[service.api("POST", "/monitors", body)["id"]] = server
        wait_for("the first checks", lambda: are_up(service), 60)
        moments = sorted((chance.uniform(0, INTERVAL), number) for number in range(len(servers)))
        began = break_them(given, servers, moments)
        wait_for("all alerts", lambda: len(opened(receiver)) >= len(servers), 2 * INTERVAL + 90)
    except SystemExit as late:
        print(late)
    finally:
        service.stop()
    judge(given, receiver, monitors, servers, began)


def are_up(service):
    rows = service.all("/monitors")
    return all(row["status"] == "up" for row in rows)


def break_them(given, servers, moments):
    began, start = {}, time.monotonic()
    for moment, number in moments:
        time.sleep(max(0, start + moment - time.monotonic()))
        began[servers[number]] = time.time() * 1000
        servers[number].refuse() if number < given.refused else servers[number].hang()
    return began


def opened(receiver):
    return {m["incident"]["monitor_id"]: m for m in reversed(receiver.received) if m["type"] == "incident.opened"}


def judge(given, receiver, monitors, servers, began):
    told, faults = opened(receiver), []
    rows = []
    for name, mine, bound in (
        ("refused", servers[: given.refused], REFUSED),
        ("hangs", servers[given.refused :], HANGING),
    ):
        parts = {"waiting for the slot": [], "confirming": [], "sending": [], "first failing check to message": [], "in all": []}
        for monitor, server in monitors.items():
            if server not in mine:
                continue
            if monitor not in told:
                faults.append(f"{name}: the outage of {server.url} was not told")
                continue
            message = told[monitor]
            first = ms(message["incident"]["started_at"])
            parts["waiting for the slot"].append(first - began[server])
            parts["confirming"].append(message["timestamp"] - first)
            parts["sending"].append(message["at"] - message["timestamp"])
            parts["first failing check to message"].append(message["at"] - first)
            parts["in all"].append(message["at"] - began[server])
        late = [value for value in parts["first failing check to message"] if value > bound * 1000]
        if late:
            faults.append(f"{name}: {len(late)} told later than {bound} s after the first failing check")
        for part, values in parts.items():
            if values:
                rows.append([name, len(values), part, f"{median(values) / 1000:.2f} s", f"{max(values) / 1000:.2f} s"])
    table(["outage", "count", "part", "median", "worst"], rows)
    if faults:
        raise SystemExit("broken: " + "; ".join(faults))


if __name__ == "__main__":
    main()
