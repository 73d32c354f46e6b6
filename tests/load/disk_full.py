#!/usr/bin/env python3
"""The disk of the database fills up in the middle of an outage: what is lost, and who says so?

    cargo build --release --workspace && python3 tests/load/disk_full.py [--postgres] [--seconds 120]

SQLite, or a PostgreSQL of its own, on a small file system (tmpfs, so it needs root), loopback only. While
there is not a byte left one server goes down and another comes back; then there is room again, and a
PostgreSQL that has stopped over it is started. Ends with an error when a check that was made was not
recorded, an alert is lost or wrong, or `/readyz` did not say so. Takes the time that the disk is full, and
two minutes.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

from database_away import log_in, outages_around, postgres
from stage import Receiver, Server, Service, Stage, table
from told import account, broken

STEADY = 20
# An empty PostgreSQL is some 60 MiB.
SQLITE_SIZE, POSTGRES_SIZE = "48m", "160m"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--postgres", action="store_true", help="instead of SQLite")
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    given = options.parse_args()
    size = POSTGRES_SIZE if given.postgres else SQLITE_SIZE
    with tempfile.TemporaryDirectory() as own, small_disk(size) as disk:
        if given.postgres:
            with postgres(disk) as (database, url):
                play(given, own, disk, url, database)
        else:
            play(given, own, disk, f"sqlite://{disk}/lifesign.db")


@contextlib.contextmanager
def small_disk(size):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder], check=True)
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


def play(given, own, disk, url, database=None):
    stage = Stage()
    receiver = Receiver(stage)
    names = ["recovers", "breaks", *(f"steady {n}" for n in range(STEADY))]
    servers = {name: Server(stage) for name in names}
    service = Service(own, "debug" if given.debug else "release", url)
    try:
        meanwhile = lambda monitors: full(given, service, servers, (disk, database), monitors)
        monitors, looks = outages_around(meanwhile, service, receiver, servers)
        judge(service, receiver, servers, monitors, looks)
    finally:
        service.stop()


def full(given, service, servers, where, monitors):
    """Fills the disk for a while; gives the answers of each look."""
    disk, database = where
    cookie = log_in(service)
    fill(disk)
    began = time.monotonic()
    servers["recovers"].up()
    servers["breaks"].refuse()
    looks = []
    while time.monotonic() - began < given.seconds:
        # Both engines give room back by and by: it is taken again.
        fill(disk)
        for path in ("/readyz", "/", f"/monitors/{monitors['breaks']}", "/api/v1/monitors"):
            headers = {"Authorization": f"Bearer {service.token}"} if path.startswith("/api") else cookie
            status, text, _ = service.get("GET", path, None, headers)
            looks.append((time.monotonic() - began, path.replace(monitors["breaks"], "{id}"), status, text))
        time.sleep(5)
    os.remove(disk / "ballast")
    if database and not database.is_running():
        print("PostgreSQL has stopped over it: started again")
        database.start()
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
    incidents = [incident["id"] for incident in service.all("/incidents")]
    found = account(receiver.received, incidents, ["ops"])
    table(["checks answered", "recorded", "incidents", *found], [[made, recorded, len(incidents), *found.values()]])
    if len(incidents) != 2:
        faults.append(f"{len(incidents)} incidents instead of 2")
    faults += broken(found)
    if faults:
        raise SystemExit("broken: " + "\n".join(faults))


if __name__ == "__main__":
    main()
