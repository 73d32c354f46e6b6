#!/usr/bin/env python3
"""Three nodes on one PostgreSQL, and trouble with each of them at once: what is missed, or told twice?

    cargo build --release --workspace && python3 tests/load/nodes.py [--partition]

First every node is restarted in turn. Then, overlapping: one is killed and started again, twice; one is
stopped (SIGSTOP) for two minutes and goes on; one is restarted without a pause. With `--partition` each
node lives in a network namespace of its own (needs root and `ip`), and in place of the stop the path
between that node and the database swallows everything for two minutes; the servers stay reachable from it.
Meanwhile some servers go down and come back at known times; the others never fail.

Ends with an error when there is a longer time between two checks of a monitor than its interval and a
lease (than its interval alone while nodes are restarted in turn), a slot is recorded or counted twice, an
incident of a server that never failed, an outage without its incident, or an alert that is lost or comes
under two ids. Has a PostgreSQL of its own (tests/setup/postgres.sh). Loopback or namespaces only; takes
about seven minutes.
"""

import argparse
import collections
import csv
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import netns
from database_away import postgres
from stage import Receiver, Server, Service, Stage, free_port, median, ms, table, wait_for
from told import account
from told import broken as told_wrong

CHANNELS = ("one", "two")
NODES = 3
INTERVAL, SLOW_INTERVAL, SLOW = 10, 60, 30
# `LEASE` of src/app/scheduler.rs, in seconds.
LEASE = 30
# What comes on top: the tick of the scheduler, the check itself, a start, two busy cores.
SLACK = 5
# Seconds from the beginning of the second part. The killed node has leases, and so has the stopped one.
KILLS = ((20, 60), (190, 200))
STOP, CONTINUE = 40, 160
LOOP = (10, 220)
# How long a node lives that is restarted without a pause.
LIFE = (6.0, 14.0)
# How long a server is down: as long as it takes to be noticed and confirmed, with a lease in between.
DOWN, SLOW_DOWN = (75, 95), (125, 140)
LENGTH, QUIET = 225, 120
# Checks in the sums of hours that are over, and in those that monitors are in.
COUNTED = """
    SELECT CAST((SELECT COALESCE(SUM(checks), 0) FROM rollup_hour WHERE location = '')
         + (SELECT COALESCE(SUM(CAST(split_part(open_hour, ' ', 7) AS BIGINT)), 0) FROM monitor_state) AS BIGINT)
"""
# How long a node that comes back may take to be itself again.
RECOVERY = 60


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--monitors", type=int, default=150)
    options.add_argument("--outages", type=int, default=40, help="how many of their servers go down")
    options.add_argument("--partition", action="store_true", help="a node loses the database, not its time")
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = options.parse_args()
    if given.partition and not netns.is_here():
        sys.exit(netns.in_hub(NODES))
    print(f"seed {given.seed}", flush=True)
    with postgres() as (server, url), tempfile.TemporaryDirectory() as own:
        if given.partition:
            reach(server)
        play(given, own, url, random.Random(given.seed))


def reach(server):
    """Lets the namespaces reach the database."""
    with open(server.data / "postgresql.conf", "a") as file:
        file.write("listen_addresses = '*'\nfsync = off\n")
    with open(server.data / "pg_hba.conf", "a") as file:
        file.write(f"host all all {netns.DATABASE}.0/24 trust\n")
    server.stop()
    server.start()


class Node(Service):
    """One of several on one database."""

    def __init__(self, given, folder, database, number, first=None):
        self.number, self.first = number, first
        os.makedirs(folder)
        host, prefix = "127.0.0.1", []
        if given.partition:
            host, prefix = netns.address("world", number), netns.inside(netns.node(number))
            database = database.replace("127.0.0.1", netns.hub("db"))
        own = {
            "LISTEN": f"{host}:{free_port()}",
            "ALLOW_TARGETS": "loopback,private",
            "NODE_NAME": f"node-{number}",
            "LOG": "warn",
        }
        super().__init__(folder, "debug" if given.debug else "release", database, prefix, **own)

    def join(self):
        return self.first.token if self.first else super().join()

    def again(self):
        """Restarts it in order."""
        self.stop()
        self.process.stdout.close()
        self.start()

    def is_ready(self):
        status, _, _ = self.get("GET", "/readyz", timeout=2)
        return status == 200


def play(given, folder, database, chance):
    stage = Stage(netns.hub("world") if given.partition else "127.0.0.1")
    receiver = Receiver(stage, lambda: chance.uniform(0, 0.3))
    servers = [
        Server(stage, host=netns.host(number) if given.partition else None) for number in range(given.monitors)
    ]
    nodes = []
    try:
        for number in range(NODES):
            nodes.append(Node(given, f"{folder}/{number}", database, number, nodes[0] if nodes else None))
        watch(given, folder, database, chance, (nodes, receiver, servers))
    finally:
        for node in nodes:
            node.process.send_signal(18)
            node.stop()
        for number in range(len(nodes)):
            said = open(f"{folder}/{number}/log").read()
            print(f"node-{number} wrote {len(said.splitlines())} lines; the last:\n{said[-1500:]}", file=sys.stderr)


def watch(given, folder, database, chance, everybody):
    nodes, receiver, servers = everybody
    for channel in CHANNELS:
        nodes[0].webhook(receiver.url(channel), channel)
    monitors = {}
    for number, server in enumerate(servers):
        interval = SLOW_INTERVAL if number < SLOW else INTERVAL
        body = {"url": server.url, "name": f"{number}", "interval_seconds": interval}
        monitors[nodes[number % NODES].api("POST", "/monitors", body)["id"]] = (server, interval)
    first = nodes[0]
    wait_for("the first checks", lambda: all(row["status"] == "up" for row in first.all("/monitors")), 120)
    turns = (time.time() * 1000, in_turn(nodes), time.time() * 1000)
    # Half of those of 60 seconds, the others of 10.
    half = SLOW // 2
    broken = [(server, SLOW_INTERVAL) for server in servers[:half]]
    broken += [(server, INTERVAL) for server in chance.sample(servers[SLOW:], given.outages - half)]
    began = time.time() * 1000
    outages, recovery = trouble(given, nodes, broken, chance)
    for server in servers:
        server.up()
    faults = []
    try:
        wait_for("quiet", lambda: is_quiet(first, monitors, database), QUIET)
    except SystemExit as late:
        faults.append(str(late))
    # Nothing is made any more while it is counted.
    for node in nodes:
        node.stop()
    faults += judge(monitors, [server for server, _ in broken], outages, receiver, database, (turns, began, recovery))
    if faults:
        raise SystemExit("broken: " + "\n".join(faults))


def in_turn(nodes):
    """Restarts one node after the other, three times; says how long the slowest took to stop and start."""
    slowest = 0.0
    for node in nodes * 3:
        began = time.monotonic()
        node.again()
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(5)
    time.sleep(INTERVAL + SLACK)
    return slowest


def trouble(given, nodes, broken, chance):
    """All of it at once; gives how often servers went down and how long the stopped node was not itself."""
    killed, stopped, restarted = nodes
    turns = []
    for server, interval in broken:
        length = chance.uniform(*(SLOW_DOWN if interval == SLOW_INTERVAL else DOWN))
        begins = chance.uniform(0, LENGTH - length - 20)
        turns += [(begins, server.refuse), (begins + length, server.up)]
    for kill, start in KILLS:
        turns += [(kill, killed.kill), (start, killed.start)]
    back = threading.Event()
    if given.partition:
        turns += [(STOP, lambda: netns.cut(stopped.number)), (CONTINUE, lambda: netns.mend(stopped.number))]
    else:
        send = stopped.process.send_signal
        turns += [(STOP, lambda: send(19)), (CONTINUE, lambda: send(18))]
    turns += [(CONTINUE, back.set)]
    recovery = []
    threads = [
        threading.Thread(target=restart, args=(restarted, random.Random(chance.random())), daemon=True),
        threading.Thread(target=recover, args=(stopped, back, recovery), daemon=True),
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for moment, turn in sorted(turns, key=lambda turn: turn[0]):
        time.sleep(max(0, began + moment - time.monotonic()))
        turn()
    for thread in threads:
        thread.join()
    time.sleep(max(0, began + LENGTH - time.monotonic()))
    return len(broken), recovery[0]


def restart(node, chance):
    began = time.monotonic()
    time.sleep(LOOP[0])
    while time.monotonic() - began < LOOP[1]:
        node.again()
        time.sleep(chance.uniform(*LIFE))


def recover(node, back, recovery):
    """Measures how long it takes until a node that comes back answers from the database five times in turn."""
    back.wait()
    began, ready = time.monotonic(), 0
    while ready < 5 and time.monotonic() - began < RECOVERY * 3:
        ready = ready + 1 if node.is_ready() else 0
        time.sleep(0.2)
    recovery.append(time.monotonic() - began)


def is_quiet(service, monitors, database):
    is_over = all(row["status"] == "resolved" for row in service.all("/incidents"))
    rows = service.all("/monitors")
    is_up = all(row["status"] == "up" for row in rows if row["id"] in monitors)
    queued = ask(database, "SELECT COUNT(*) FROM notification WHERE status = 'queued' AND held_until IS NULL")
    return is_over and is_up and queued == [["0"]]


def ask(database, sql):
    done = subprocess.run(["psql", database, "--csv", "-t", "-c", sql], capture_output=True, text=True, check=True)
    return list(csv.reader(done.stdout.splitlines()))


def judge(monitors, broken, outages, receiver, database, phases):
    (calm_from, slowest, calm_until), trouble_from, recovery = phases
    faults = []
    rows = ask(database, "SELECT monitor_id, started_at, status FROM check_result ORDER BY 1, 2")
    checks = collections.defaultdict(list)
    for monitor, at, status in rows:
        checks[monitor].append((int(at), status))
    for name, since, until, allowed in (
        ("restarted in turn", calm_from, calm_until, SLACK),
        ("trouble", trouble_from, float("inf"), LEASE + SLACK),
    ):
        gaps, longest = [], []
        for interval in (INTERVAL, SLOW_INTERVAL):
            found = [
                (there[0] - here[0]) / 1000
                for monitor, (_, own) in monitors.items()
                for here, there in zip(checks[monitor], checks[monitor][1:])
                if own == interval and since <= there[0] < until
            ]
            late = [gap for gap in found if gap > interval + allowed]
            waited = sum(gap > interval + SLACK for gap in found)
            gaps.append([name, f"{interval} s", len(found), f"{max(found, default=0):.1f} s", waited, len(late)])
            longest += late
        table(["part", "interval", "checks", "longest between two", "that waited for a lease", "too long"], gaps)
        if longest:
            faults.append(f"{name}: {len(longest)} gaps too long, up to {max(longest):.1f} s")
    twice = ask(database, "SELECT COUNT(*) FROM (SELECT 1 FROM check_result GROUP BY monitor_id, location, slot HAVING COUNT(*) > 1) t")
    counted = ask(database, COUNTED)
    recorded = len(rows)
    made = sum(server.lists for server, _ in monitors.values())
    usable = sum(status in ("up", "degraded") for _, _, status in rows)
    table(
        ["recorded", "counted in rollups", "slots twice", "answered by servers", "recorded of them", "made twice or lost"],
        [[recorded, counted[0][0], twice[0][0], made, usable, made - usable]],
    )
    if int(twice[0][0]) or int(counted[0][0]) != recorded:
        faults.append(f"{recorded} checks recorded, {counted[0][0]} counted, {twice[0][0]} slots twice")
    faults += alerts(monitors, broken, outages, receiver, database)
    table(["restarted in turn, slowest", "itself again after"], [[f"{slowest:.1f} s", f"{recovery:.1f} s"]])
    if recovery > RECOVERY:
        faults.append(f"the node that came back took {recovery:.0f} s")
    return faults


def alerts(monitors, broken, outages, receiver, database):
    incidents = dict(ask(database, "SELECT id, monitor_id FROM incident"))
    of_broken = collections.Counter(incidents.values())
    servers = {monitor: server for monitor, (server, _) in monitors.items()}
    false = [monitor for monitor in incidents.values() if servers[monitor] not in broken]
    odd = [monitor for monitor, server in servers.items() if server in broken and of_broken[monitor] != 1]
    others = collections.Counter(message["type"] for message in receiver.received if not message["incident"])
    opened = [message for message in receiver.received if message["type"] == "incident.opened"]
    delays = [(message["at"] - ms(message["incident"]["started_at"])) / 1000 for message in opened]
    found = account(receiver.received, incidents, CHANNELS)
    table(
        ["outages", "incidents", "false", "not one each", "messages", *found, "opened after, median", "worst"],
        [[outages, len(incidents), len(false), len(odd), len(receiver.received), *found.values(),
          f"{median(delays):.1f} s", f"{max(delays, default=0):.1f} s"]],
    )
    print("other messages:", dict(others) or "none", flush=True)
    bad = {"false alarms": len(false), "monitors without exactly one incident": len(odd)}
    return [f"{count} {what}" for what, count in bad.items() if count] + told_wrong(found)


if __name__ == "__main__":
    main()
