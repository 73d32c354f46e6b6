#!/usr/bin/env python3
"""An hour with faults that come and go: do memory, files and sockets stay flat, and is every alert told?

    cargo build --release --workspace && python3 tests/load/soak.py [--minutes 60]

One node on a PostgreSQL of its own (tests/setup/postgres.sh), monitors of 10 seconds at many addresses.
Servers refuse or hang and come back, each twice; now and then the database is stopped, the node is stopped
(SIGSTOP) and goes on, the receiver of the alerts takes nothing. Meanwhile pages are open and closed, some
visitors send half a request and wait, and the dashboard and the API are read.

Ends with an error when memory, open files or sockets of the last sixth are above those of the second
one, an alert is lost or comes under two ids, an outage has no incident or a server that never failed has
one, or a slot is recorded twice. Loopback only.
"""

import argparse
import asyncio
import os
import random
import signal
import tempfile
import threading
import time

from database_away import log_in, postgres
from stage import Receiver, Server, Service, Stage, median, table, wait_for
from told import account, broken

CHANNELS = ("one", "two")
INTERVAL = 10
# Long enough to be noticed and confirmed with a fault of ours in between.
DOWN = (170, 230)
# Seconds: how often each fault of ours comes, and for how long.
DATABASE, STOPPED, RECEIVER = (420, (20, 40)), (540, (10, 20)), (480, (30, 60))
# Open pages, visitors who send half a request, and how long each of them stays.
VIEWERS, HALVES, STAY = 60, 10, (20, 120)
SAMPLE, QUIET, SIXTHS = 10, 300, 6
# What is still flat: a share of memory, and so many files and sockets.
GROWTH, MORE = 0.15, 16


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--monitors", type=int, default=120)
    options.add_argument("--broken", type=int, default=40, help="how many of their servers go down")
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = options.parse_args()
    print(f"seed {given.seed}", flush=True)
    with postgres() as (database, url), tempfile.TemporaryDirectory() as own:
        play(given, own, url, database, random.Random(given.seed))


def play(given, folder, url, database, chance):
    stage = Stage()
    receiver = Receiver(stage, lambda: chance.uniform(0, 0.3))
    servers = [Server(stage, host=f"127.0.{1 + n // 200}.{1 + n % 200}") for n in range(given.monitors)]
    service = Service(folder, "debug" if given.debug else "release", url)
    try:
        for channel in CHANNELS:
            service.webhook(receiver.url(channel), channel)
        monitors = {
            service.api("POST", "/monitors", {"url": server.url, "interval_seconds": INTERVAL})["id"]: server
            for server in servers
        }
        wait_for("the first checks", lambda: all(row["status"] == "up" for row in service.all("/monitors")), 90)
        bad = chance.sample(servers, given.broken)
        samples = live(given, (service, receiver, database), bad, chance)
        for server in servers:
            server.up()
        wait_for("quiet", lambda: is_quiet(service), QUIET)
        judge(service, receiver, monitors, bad, samples)
    finally:
        service.process.send_signal(signal.SIGCONT)
        service.stop()


def live(given, world, bad, chance):
    """Lets everything happen; gives what was measured of the process."""
    service, receiver, database = world
    length, end = given.minutes * 60, threading.Event()
    readers = [threading.Thread(target=read, args=(service, end), daemon=True)]
    cookie = log_in(service)["Cookie"]
    visits = asyncio.run_coroutine_threadsafe(visitors(service, cookie, random.Random(chance.random())), receiver.stage.loop)
    for reader in readers:
        reader.start()
    turns = outages(bad, length, chance) + faults(length, world, chance)
    turns += [(second, None) for second in range(0, int(length), SAMPLE)]
    samples, began = [], time.monotonic()
    for moment, turn in sorted(turns, key=lambda turn: turn[0]):
        time.sleep(max(0, began + moment - time.monotonic()))
        if turn:
            turn()
        else:
            samples.append((moment / length, *measured(service.process.pid)))
    end.set()
    visits.cancel()
    for reader in readers:
        reader.join()
    return samples


def outages(bad, length, chance):
    turns = []
    for server in bad:
        for half in (0, length / 2):
            down = chance.uniform(*DOWN)
            begins = half + chance.uniform(0, max(1, length / 2 - down - 60))
            turns += [(begins, chance.choice((server.refuse, server.hang))), (begins + down, server.up)]
    return turns


def faults(length, world, chance):
    service, receiver, database = world
    send = lambda what: lambda: service.process.send_signal(what)
    refuse = lambda refuses: lambda: setattr(receiver, "refuses", refuses)
    turns = []
    for (every, lasts), on, off in (
        (DATABASE, database.stop, database.start),
        (STOPPED, send(signal.SIGSTOP), send(signal.SIGCONT)),
        (RECEIVER, refuse(True), refuse(False)),
    ):
        begins = every / 2
        while begins < length - 90:
            turns += [(begins, on), (begins + chance.uniform(*lasts), off)]
            begins += every
    return turns


def read(service, end):
    paths = ["/api/v1/monitors?limit=100", "/api/v1/incidents?limit=100", "/metrics", "/readyz"]
    while not end.wait(1):
        for path in paths:
            service.get("GET", path, None, {"Authorization": f"Bearer {service.token}"}, timeout=10)


async def visitors(service, cookie, chance):
    asked = f"GET /live HTTP/1.1\r\nhost: load\r\ncookie: {cookie}\r\n\r\n".encode()
    everybody = [visit(service, asked, chance) for _ in range(VIEWERS)]
    everybody += [visit(service, asked[:20], chance) for _ in range(HALVES)]
    await asyncio.gather(*everybody)


async def visit(service, asked, chance):
    """Comes, says something, listens for a while, goes; again and again."""
    host, port = service.environment["LIFESIGN_LISTEN"].split(":")
    while True:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 10)
            try:
                writer.write(asked)
                async with asyncio.timeout(chance.uniform(*STAY)):
                    while await reader.read(1 << 16):
                        pass
            finally:
                writer.close()
        except OSError:
            pass
        await asyncio.sleep(1)


def measured(pid):
    """Memory in MiB, open files, sockets among them, threads."""
    with open(f"/proc/{pid}/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    links = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
    sockets = sum(link.startswith("socket:") for link in links)
    return int(lines["VmRSS"].split()[0]) / 1024, len(links), sockets, int(lines["Threads"])


def is_quiet(service):
    is_over = all(row["status"] == "resolved" for row in service.all("/incidents"))
    is_up = all(row["status"] == "up" for row in service.all("/monitors"))
    return is_over and is_up and service.queued() == 0


def judge(service, receiver, monitors, bad, samples):
    sixths = [[row[1:] for row in samples if int(row[0] * SIXTHS) == sixth] for sixth in range(SIXTHS)]
    rows = [
        [number + 1, *(f"{median(column):.0f} ({max(column):.0f})" for column in zip(*sixth))]
        for number, sixth in enumerate(sixths)
    ]
    table(["sixth", "memory, MiB: median (most)", "files", "sockets", "threads"], rows)
    second, last = ([median(column) for column in zip(*sixths[place])] for place in (1, -1))
    wrong = []
    if last[0] > second[0] * (1 + GROWTH):
        wrong.append(f"memory grew from {second[0]:.0f} to {last[0]:.0f} MiB")
    for name, before, after in zip(("files", "sockets", "threads"), second[1:], last[1:]):
        if after > before + MORE:
            wrong.append(f"{name} grew from {before} to {after}")
    incidents = {row["id"]: row["monitor_id"] for row in service.all("/incidents")}
    of = lambda server: sum(monitors[monitor] is server for monitor in incidents.values())
    missed = sum(max(0, 2 - of(server)) for server in bad)
    false = sum(monitors[monitor] not in bad for monitor in incidents.values())
    found = account(receiver.received, incidents, CHANNELS)
    checks = twice = 0
    for monitor in monitors:
        slots = [row["slot"] for row in service.all(f"/monitors/{monitor}/checks")]
        checks, twice = checks + len(slots), twice + len(slots) - len(set(slots))
    table(
        ["outages", "incidents", "missed", "false", "messages", *found, "checks", "slots twice"],
        [[2 * len(bad), len(incidents), missed, false, len(receiver.received), *found.values(), checks, twice]],
    )
    wrong += broken(found)
    wrong += [f"{n} {what}" for n, what in ((missed, "outages missed"), (false, "false"), (twice, "slots twice")) if n]
    if wrong:
        raise SystemExit("broken: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
