#!/usr/bin/env python3
"""The service is killed again and again while servers go down and come back: is every alert told?

    cargo build --release --workspace && python3 tests/load/kills.py [--kills 200] [--database postgres://…]

Monitors of 10 seconds; each server goes down and comes back twice, so that none of them counts as
flapping. Two channels, whose receivers think for up to 0.3 s. When all is quiet: every incident that
the API lists was told to both channels from its opening to its end, what came twice has the same
webhook-id, no slot was recorded twice. Ends with an error where one of this is not so. Loopback only;
takes about four seconds for each kill, and two minutes.
"""

import argparse
import random
import tempfile
import time

from stage import Receiver, Server, Service, Stage, table, wait_for
from told import account, broken

CHANNELS = ("one", "two")
INTERVAL = 10
# Long enough to be confirmed although the service is killed every few seconds: a check that dies with it
# costs the thirty seconds of its lease.
DOWN, LIFE = (100, 140), (0.5, 5.0)
QUIET = 300


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--monitors", type=int, default=12)
    options.add_argument("--database", help="postgres://…; an embedded file otherwise")
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = options.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        play(given, folder, random.Random(given.seed))


def play(given, folder, chance):
    stage = Stage()
    receiver = Receiver(stage, lambda: chance.uniform(0, 0.3))
    servers = [Server(stage) for _ in range(given.monitors)]
    service = Service(folder, "debug" if given.debug else "release", given.database)
    try:
        for channel in CHANNELS:
            service.webhook(receiver.url(channel), channel)
        monitors = [
            service.api("POST", "/monitors", {"url": server.url, "interval_seconds": INTERVAL})["id"]
            for server in servers
        ]
        wait_for("the first checks", lambda: all(statuses(service, "up")), 60)
        outages = kill(given, service, servers, chance)
        for server in servers:
            server.up()
        wait_for("quiet", lambda: is_quiet(service, monitors), QUIET)
        judge(given, service, receiver, monitors, outages)
    finally:
        service.stop()


def kill(given, service, servers, chance):
    """Kills at random moments, while servers go down and come back; says how often they did."""
    length = given.kills * (sum(LIFE) / 2 + 0.6)
    turns = []
    for server in servers:
        # Twice each, once in each half of the run.
        for half in (0, length / 2):
            latest = max(half, half + length / 2 - DOWN[1] - 30)
            begins = chance.uniform(half, latest)
            turns += [(begins, server.refuse), (begins + chance.uniform(*DOWN), server.up)]
    turns.sort(key=lambda turn: turn[0])
    done, outages, began = 0, 0, time.monotonic()
    while done < given.kills or turns:
        until = time.monotonic() + chance.uniform(*LIFE)
        while time.monotonic() < until:
            while turns and time.monotonic() - began >= turns[0][0]:
                turn = turns.pop(0)[1]
                outages += turn.__name__ == "refuse"
                turn()
            time.sleep(0.01)
        if done < given.kills:
            service.kill()
            service.start()
            done += 1
    return outages


def statuses(service, wanted):
    return [row["status"] == wanted for row in service.all("/monitors")]


def is_quiet(service, monitors):
    rows = service.all("/incidents")
    is_over = all(row["status"] == "resolved" for row in rows)
    return is_over and all(statuses(service, "up")) and service.queued() == 0


def judge(given, service, receiver, monitors, outages):
    incidents = {row["id"]: row for row in service.all("/incidents")}
    found = account(receiver.received, incidents, CHANNELS)
    twice = checks = 0
    for monitor in monitors:
        slots = [row["slot"] for row in service.all(f"/monitors/{monitor}/checks")]
        checks += len(slots)
        twice += len(slots) - len(set(slots))
    missed = max(0, outages - len(incidents))
    table(
        ["kills", "outages", "incidents", "messages", *found, "checks", "slots twice"],
        [[given.kills, outages, len(incidents), len(receiver.received), *found.values(), checks, twice]],
    )
    if broken(found) or twice or missed:
        raise SystemExit(f"broken: {broken(found)}, {twice} slots twice, {missed} outages without an incident")


if __name__ == "__main__":
    main()
