#!/usr/bin/env python3
"""A thousand monitors, fifty of which hang, for three minutes: are the healthy ones on time?

    cargo build --release --workspace && python3 tests/load/thousand.py [--count N] [--hang M] [--minutes T]

Everything runs on loopback. Prints lag percentiles of the healthy monitors, checks per monitor,
memory with the most checks that were in flight, and CPU time per check of the service. Not a test:
figures of one machine in one run. What a check in flight takes is the difference of memory between
a run in which nearly all hang and one in which few do.
"""

import argparse
import calendar
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1_000)
    options.add_argument("--hang", type=int, default=50)
    options.add_argument("--minutes", type=float, default=3)
    options.add_argument("--interval", type=int, default=60)
    options.add_argument("--database", default=None, help="postgres://…; an embedded file otherwise")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given, folder)


def measure(given, folder):
    fleet = subprocess.Popen(
        [TARGET / "fake-mcp", "fleet", "--count", str(given.count), "--hang", str(given.hang)],
        stdout=subprocess.PIPE,
        text=True,
    )
    service = None
    try:
        urls = fleet_urls(fleet, given)
        environment = {
            "PATH": os.environ["PATH"],
            "LIFESIGN_LISTEN": "127.0.0.1:0",
            "LIFESIGN_ALLOW_TARGETS": "loopback",
            "LIFESIGN_SECRET_KEY": "00" * 32,
            "LIFESIGN_LOG": "warn",
        }
        if given.database:
            environment["LIFESIGN_DATABASE_URL"] = given.database
        lifesign = [TARGET / "lifesign"]
        service = subprocess.Popen(
            lifesign + ["serve"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )
        address = re.search(r"http://\S+", service.stdout.readline()).group().rstrip("/")

        def command(*words):
            run = subprocess.run(
                lifesign + list(words), cwd=folder, env=environment, capture_output=True, text=True, check=True
            )
            return run.stdout.strip()

        in_flight = []
        threading.Thread(target=watch_in_flight, args=(address, in_flight), daemon=True).start()
        command("user", "add", "load@example.com", "--team", "Load", "--role", "owner")
        token = command("token", "add", "load@example.com", "--scope", "write")
        monitors = [
            api(address, token, "POST", "/monitors", {"url": url, "interval_seconds": given.interval})["id"]
            for url in urls
        ]
        time.sleep(5)  # the first check of each is made at once; the slots begin after it
        began = now_ms()
        cpu_before = cpu_seconds(service.pid)
        time.sleep(given.minutes * 60)
        ended = now_ms()
        cpu = cpu_seconds(service.pid) - cpu_before
        report(given, address, token, urls, monitors, began, ended, cpu, service.pid, max(in_flight))
    finally:
        for process in (service, fleet):
            if process:
                process.terminate()
                process.wait(30)


def fleet_urls(fleet, given):
    base = re.search(r"http://127\.0\.0\.1:\d+", fleet.stdout.readline()).group()
    healthy = given.count - given.hang
    return [f"{base}/healthy/{n}/mcp" for n in range(healthy)] + [f"{base}/hang/{n}/mcp" for n in range(given.hang)]


def watch_in_flight(address, seen):
    """Asks until the service is gone; first checks are the most at once, so it begins before them."""
    while True:
        try:
            with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
                text = answer.read().decode()
        except OSError:
            return
        seen.append(int(re.search(r"^\S*checks_in_flight (\d+)", text, re.M).group(1)))
        time.sleep(2)


def report(given, address, token, urls, monitors, began, ended, cpu, pid, in_flight):
    lags, counts = [], collections.Counter()
    checks = 0
    for url, monitor in zip(urls, monitors):
        rows = api(address, token, "GET", f"/monitors/{monitor}/checks?limit=100")["data"]
        mine = [row for row in rows if began <= ms(row["slot"]) < ended - 1_000]
        checks += len(mine)
        if "/healthy/" in url:
            counts[len(mine)] += 1
            lags += [ms(row["started_at"]) - ms(row["slot"]) for row in mine]
    lags.sort()
    at = lambda share: lags[min(len(lags) - 1, int(len(lags) * share))]
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    memory = {name: int(re.search(rf"{name}:\s+(\d+)", status).group(1)) // 1024 for name in ("VmRSS", "VmHWM")}
    print(f"healthy monitors by number of checks: {dict(counts)}")
    print(f"lag of {len(lags)} healthy checks: p50 {at(0.5)} ms, p99 {at(0.99)} ms, most {lags[-1]} ms")
    print(f"memory {memory['VmRSS']} MiB, at most {memory['VmHWM']} MiB; {in_flight} checks in flight at most")
    print(f"{checks} checks, {cpu:.1f} s of CPU, {cpu * 1000 / checks:.2f} ms per check, pages and API included")


def api(address, token, method, path, body=None):
    request = urllib.request.Request(
        f"{address}/api/v1{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:500]}") from error
            time.sleep(float(error.headers.get("Retry-After", "1")))


def ms(text):
    whole, fraction = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(fraction)


def now_ms():
    return int(time.time() * 1000)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
