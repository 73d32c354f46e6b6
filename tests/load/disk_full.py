#!/usr/bin/env python3
"""The disk of the database fills up in the middle of an outage: what is lost, and who says so?

    cargo build --release --workspace && python3 tests/load/disk_full.py [--seconds 120]

SQLite on a small file system of its own (tmpfs, so it needs root), loopback only. While there is not a
byte left one server goes down and another comes back; then there is room again. Ends with an error when a
check that was made was not recorded, an alert is lost or wrong, pages did not answer, or `/readyz` did not
say so. Takes the time that the disk is full, and two minutes.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

from database_away import log_in, outages_around
from stage import Receiver, Server, Service, Stage, table

SIZE, STEADY = "48m", 20


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as own, small_disk() as disk:
        play(given, own, disk)


@contextlib.contextmanager
def small_disk():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
        try:
            yield pathlib.Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def fill(disk):
    """Leaves not a byte."""
    with open(disk / "ballast", "ab", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(b"\0" * size)


def play(given, own, disk):
    stage = Stage()
    receiver = Receiver(stage)
    names = ["recovers", "breaks", *(f"steady {n}" for n in range(STEADY))]
    servers = {name: Server(stage) for name in names}
    service = Service(own, "debug" if given.debug else "release", f"sqlite://{disk}/lifesign.db")
    try:
        meanwhile = lambda monitors: full(given, service, servers, disk, monitors)
        monitors, looks = outages_around(meanwhile, service, receiver, servers)
        judge(service, receiver, servers, monitors, looks)
    finally:
        service.stop()


def full(given, service, servers, disk, monitors):
    """Fills the disk for a while; gives the answers of each look."""
    cookie = log_in(service)
    fill(disk)
    began = time.monotonic()
    servers["recovers"].up()
    servers["breaks"].refuse()
    looks = []
    while time.monotonic() - began < given.seconds:
        # SQLite gives room back when it copies its log: it is taken again.
        fill(disk)
        for path in ("/readyz", "/", f"/monitors/{monitors['breaks']}", "/api/v1/monitors"):
            headers = {"Authorization": f"Bearer {service.token}"} if path.startswith("/api") else cookie
            status, text, _ = service.get("GET", path, None, headers)
            looks.append((time.monotonic() - began, path.replace(monitors["breaks"], "{id}"), status, text))
        time.sleep(5)
    os.remove(disk / "ballast")
    return looks


def judge(service, receiver, servers, monitors, looks):
    faults = []
    paths = dict.fromkeys(path for _, path, _, _ in looks)
    answered = {path: [status for _, at, status, _ in looks if at == path] for path in paths}
    table(["asked while full", "times", "answered"], [[p, len(all_), sorted(set(all_), key=str)] for p, all_ in answered.items()])
    if 503 not in answered["/readyz"]:
        faults.append("/readyz never said so")
    made = recorded = 0
    for name, monitor in monitors.items():
        checks = service.all(f"/monitors/{monitor}/checks")
        usable = sum(check["status"] in ("up", "degraded") for check in checks)
        made, recorded = made + servers[name].lists, recorded + usable
        if servers[name].lists - usable > 1:
            faults.append(f"{name}: {servers[name].lists} checks were made, {usable} recorded")
    kinds = sorted((m["incident"]["monitor_id"], m["type"]) for m in receiver.received)
    due = sorted((monitors[name], kind) for name in ("recovers", "breaks") for kind in ("incident.opened", "incident.resolved"))
    table(["checks answered", "recorded", "messages", "due"], [[made, recorded, len(kinds), len(due)]])
    if kinds != due:
        faults.append(f"told {kinds} instead of {due}")
    if faults:
        raise SystemExit("broken: " + "\n".join(faults))


if __name__ == "__main__":
    main()
