#!/usr/bin/env python3
"""`lifesign bench --sustained` on a PostgreSQL of its own, with what PostgreSQL itself takes.

    cargo build --release && python3 tests/load/bench_postgres.py --minutes 10 --monitors 100000 [--plain]

The server is started by tests/setup/postgres.sh and then again with its usual durability (fsync, full
pages, synchronous commits), everything else as it comes. Loopback only. Prints what bench prints, and the
CPU of all processes of PostgreSQL in the measured minutes for each check.
"""

import argparse
import os
import pathlib
import re
import subprocess
import threading
import time

from database_away import postgres
from stage import TARGET

TICK = os.sysconf("SC_CLK_TCK")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=int, default=10)
    options.add_argument("--monitors", type=int, default=100_000)
    options.add_argument("--plain", action="store_true", help="without TLS")
    options.add_argument("--binary", type=pathlib.Path, default=TARGET / "release" / "lifesign")
    given = options.parse_args()
    command = [given.binary, "bench", "--sustained", str(given.minutes), "--monitors", str(given.monitors)]
    with postgres() as (database, url):
        database.stop()
        database.start()
        command += ["--database-url", url] + (["--plain"] if given.plain else [])
        bench = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        used, ended = [], threading.Event()
        watch = threading.Thread(target=sample, args=(postmaster(database), used, ended))
        watch.start()
        out, _ = bench.communicate()
        ended.set()
        watch.join()
    print(out, end="")
    if bench.returncode:
        raise SystemExit(bench.returncode)
    done = int(re.search(r"^done +(\d+)", out, re.MULTILINE)[1])
    print(f"PostgreSQL   {1000 * measured(used, given.minutes * 60) / done:.3f} ms for each check")


def postmaster(database):
    return int((database.data / "postmaster.pid").read_text().split()[0])


def sample(pid, used, ended):
    """Notes every second how much CPU the server has used."""
    while not ended.wait(1):
        used.append((time.monotonic(), cpu(pid)))


def measured(used, seconds):
    """The CPU seconds of the last `seconds`."""
    last, total = used[-1]
    before = [sum_ for at, sum_ in used if at <= last - seconds]
    return total - (before[-1] if before else used[0][1])


def cpu(pid):
    """The CPU seconds of a process, of the children that it has had and of those that it has."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(times(pid, 4)) + sum(sum(times(child, 2)) for child in children)


def times(pid, n):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return [0.0]
    return [int(field) / TICK for field in fields[11 : 11 + n]]


if __name__ == "__main__":
    main()
