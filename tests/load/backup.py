#!/usr/bin/env python3
"""How long a backup and a restore take, how large the file is, and how much memory they need.

    cargo build --release --bin lifesign && python3 tests/load/backup.py [--monitors N] [--restore-to postgres://…]

Fills an embedded database with a hundred monitors as ninety days of the usual settings leave them: checks of 14
days, one a minute, and rollups of all days. Restores into another embedded database, and into an empty one of
PostgreSQL if there is one. Not a test: figures of one machine in one run.
"""

import argparse
import os
import pathlib
import random
import sqlite3
import subprocess
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_795_305_600_000
SPEC = (
    '{"transport":"auto","interval_seconds":60,"timeout_seconds":30,"expectations":{"tools":[],"slow_ms":null},'
    '"tags":[],"locations":null,"quorum":"majority","canary":null,"lint":false,"depends_on":[]}'
)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--monitors", type=int, default=100)
    options.add_argument("--days", type=int, default=90)
    options.add_argument("--check-days", type=int, default=14)
    options.add_argument("--restore-to", default=None, help="an empty postgres://…")
    options.add_argument("--debug", action="store_true", help="measure the debug build")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given, pathlib.Path(folder))


def measure(given, folder):
    source = f"sqlite://{folder}/full.db"
    lifesign(given, folder, source, "migrate")
    fill(given, folder / "full.db")
    size = (folder / "full.db").stat().st_size
    print(f"database                  {size / 1e6:8.1f} MB")
    said = timed("backup", given, folder, source, "backup", "full.backup")
    print(f"file                      {(folder / 'full.backup').stat().st_size / 1e6:8.1f} MB   {said}")
    timed("restore in SQLite", given, folder, f"sqlite://{folder}/copy.db", "restore", "full.backup")
    if given.restore_to:
        timed("restore in PostgreSQL", given, folder, given.restore_to, "restore", "full.backup")


def timed(name, given, folder, url, *arguments):
    begun = time.monotonic()
    said, memory = lifesign(given, folder, url, *arguments)
    print(f"{name:<25} {time.monotonic() - begun:8.1f} s    {memory / 1024:.0f} MiB")
    return said.split(" are ")[0]


def lifesign(given, folder, url, *arguments):
    """Runs a command; gives what it said and the most memory that it had, in KiB."""
    environment = {
        "PATH": os.environ["PATH"],
        "LIFESIGN_DATABASE_URL": url,
        "LIFESIGN_SECRET_KEY": "00" * 32,
    }
    binary = TARGET / ("debug" if given.debug else "release") / "lifesign"
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([binary, *arguments], cwd=folder, env=environment, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().strip()
    if child.returncode:
        raise SystemExit(f"{arguments}: {text}")
    return text, usage.ru_maxrss


def fill(given, path):
    chance = random.Random(1)
    new = lambda: uuid.UUID(int=chance.getrandbits(128)).bytes
    team, monitors = new(), [new() for _ in range(given.monitors)]
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO team VALUES (?, 'Team', ?)", (team, NOW))
        for n, monitor in enumerate(monitors):
            url = f"https://server{n}.example/mcp"
            row = (monitor, team, f"Server {n}", url, url, SPEC, None, str(n), True, NOW, 1)
            db.execute(f"INSERT INTO monitor VALUES ({','.join('?' * len(row))})", row)
        latency = lambda: ";".join(
            f"{phase}:" + ",".join(f"{chance.randrange(20, 90)}x{chance.randrange(1, 30)}" for _ in range(6))
            for phase in ("dns", "initialize", "tcp", "tls", "tools_list", "total")
        )
        for table, length in (("rollup_hour", HOUR), ("rollup_day", DAY)):
            rows = (
                (monitor, "", NOW - n * length, team, length, 0, 0, 0, 0, length // MINUTE, 0, latency())
                for monitor in monitors
                for n in range(given.days * DAY // length)
            )
            db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * 12)})", rows)
        db.executemany(f"INSERT INTO check_result VALUES ({','.join('?' * 14)})", checks(given, chance, team, monitors))


def checks(given, chance, team, monitors):
    for n in range(given.check_days * DAY // MINUTE):
        slot = NOW - given.check_days * DAY + n * MINUTE
        for monitor in monitors:
            phases = [chance.randrange(1, 900) / 10 for _ in range(5)]
            text = "dns:{},tcp:{},tls:{},initialize:{},tools_list:{}".format(*phases)
            started = slot + chance.randrange(500)
            before = slot - MINUTE if n else None
            yield (slot, monitor, "local", team, before, started, "up", 0, 0, 0, None, None, sum(phases), text)


if __name__ == "__main__":
    main()
