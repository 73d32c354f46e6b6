#!/usr/bin/env python3
"""What ten thousand checks leave behind at a stateful Python server: its sessions and its memory.

    cargo build --release --example probe_cost && python3 tests/load/sessions.py [--checks 10000]

The server is tests/real/streamable.py (`make setup` installs its SDK) and counts its own sessions;
its memory is what /proc says of it. Everything on loopback, four checks at a time. Ends with an
error when sessions are left, or when memory has grown by more than a tenth since the first 1,000.
"""

import argparse
import json
import os
import pathlib
import subprocess
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PYTHON = ROOT / "tests/.cache/venv/bin/python"
MARKS = (100, 1_000, 2_500, 5_000, 10_000)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--checks", type=int, default=10_000)
    given = options.parse_args()
    command = [PYTHON, "streamable.py", "session"]
    server = subprocess.Popen(
        command, cwd=ROOT / "tests/real", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        address = next(
            line.split("running on ")[1].split()[0] for line in server.stderr if "running on " in line
        )
        # Read on, or a full pipe stops the server.
        subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        measure(address, server.pid, given.checks)
    finally:
        server.kill()
        server.wait()


def measure(address, pid, checks):
    print("| checks | sessions open at the server | resident memory of the server |")
    print("| --- | --- | --- |")
    done, memory = 0, {}
    for mark in [mark for mark in MARKS if mark < checks] + [checks]:
        probe(address, mark - done)
        done = mark
        memory[mark] = resident_kib(pid)
        with urllib.request.urlopen(f"{address}/sessions", timeout=10) as answer:
            sessions = json.load(answer)["open"]
        print(f"| {mark:,} | {sessions} | {memory[mark] / 1024:.1f} MiB |", flush=True)
        if sessions:
            raise SystemExit(f"{sessions} sessions were left behind")
    grown = memory[checks] / memory[min(1_000, checks)] - 1
    print(f"memory since the first {min(1_000, checks):,} checks: {grown:+.1%}")
    if grown > 0.1:
        raise SystemExit("the server has grown")


def probe(address, count):
    """Every check has to be up and to close what it opened, or the program fails."""
    command = [TARGET / "examples/probe_cost", f"{address}/mcp", "-n", str(count - 1), "-c", "4"]
    done = subprocess.run(command + ["--warmup", "1"], capture_output=True, text=True, timeout=3_600)
    if done.returncode or json.loads(done.stdout)["errs"]:
        raise SystemExit(f"{done.stdout}{done.stderr}")


def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


if __name__ == "__main__":
    main()
