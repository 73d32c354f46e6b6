#!/usr/bin/env python3
"""The public status page and its JSON beside the same bytes as a file from nginx, and ten thousand idle viewers.

    cargo build --release && python3 tests/load/public.py [--rounds 5] [--seconds 5] [--viewers 10000]

Needs nginx, wrk and taskset. The server has the first core, wrk the second; service and nginx take turns,
so that both see the same machine. Then a page of the dashboard is open for so many viewers at once, of
whom nobody hears anything: what does each cost? Loopback only. Figures of one machine in one run.
"""

import argparse
import asyncio
import pathlib
import re
import resource
import subprocess
import tempfile
import time

from database_away import log_in
from soak import measured
from stage import Server, Service, Stage, free_port, median, table, wait_for

COMPONENTS, CONNECTIONS = 20, 32
SERVER, CLIENT = "0", "1"
# How many viewers come at once, and how long all of them are watched.
COME, WATCHED = 200, 60
PATHS = {"page": ("/status/acme", "text/html"), "JSON": ("/api/v1/status/acme", "application/json")}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--viewers", type=int, default=10_000)
    given = options.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        play(given, pathlib.Path(folder))


def play(given, folder):
    stage = Stage()
    server = Server(stage)
    service = Service(folder, "release", prefix=("taskset", "-c", SERVER))
    try:
        bodies = [{"url": server.url, "name": f"Server {n}", "interval_seconds": 3_600} for n in range(COMPONENTS)]
        monitors = [service.api("POST", "/monitors", body)["id"] for body in bodies]
        wait_for("the first checks", lambda: all(row["status"] == "up" for row in service.all("/monitors")), 90)
        page = {"slug": "acme", "title": "Acme", "visibility": "public", "components": [{"monitor": m} for m in monitors]}
        service.api("POST", "/status-pages", page)
        compare(given, folder, service)
        cookie = log_in(service)["Cookie"]
        asyncio.run(view(given, service, cookie))
    finally:
        service.stop()


def compare(given, folder, service):
    port = free_port()
    for name, (path, kind) in PATHS.items():
        status, text, _ = service.get("GET", path, None, {"Accept": kind})
        if status != 200:
            raise SystemExit(f"{path}: {status}")
        (folder / name).write_text(text)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1; user root;\n"
        f"events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; keepalive_requests 1000000; open_file_cache max=10; sendfile on;\n"
        f"  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n"
    )
    nginx = subprocess.Popen(["taskset", "-c", SERVER, "nginx", "-e", f"{folder}/errors", "-c", f"{folder}/nginx.conf"])
    try:
        wait_for("nginx", lambda: (folder / "pid").exists(), 10)
        rows = []
        for name, (path, kind) in PATHS.items():
            ours, theirs = [], []
            for _ in range(given.rounds):
                ours.append(load(given, service.url + path, kind))
                theirs.append(load(given, f"http://127.0.0.1:{port}/{name}", kind))
            ratios = [a / b for a, b in zip(ours, theirs)]
            size = (folder / name).stat().st_size
            rows.append([name, size, f"{median(ours):.0f}", f"{median(theirs):.0f}", f"{median(ratios):.2f}"])
        table(["what", "bytes", "requests/s", "of nginx", "ratio"], rows)
    finally:
        nginx.terminate()
        nginx.wait()


def load(given, url, kind):
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{given.seconds}s", "-H", f"Accept: {kind}", url]
    run = subprocess.run(["taskset", "-c", CLIENT, *words], capture_output=True, text=True, check=True)
    if "Non-2xx" in run.stdout:
        raise SystemExit(run.stdout)
    return float(re.search(r"Requests/sec:\s+(\S+)", run.stdout).group(1))


async def view(given, service, cookie):
    """Opens the stream of changes so often and watches what the process has meanwhile."""
    host, port = service.environment["LIFESIGN_LISTEN"].split(":")
    asked = f"GET /live HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n".encode()
    pid = service.process.pid
    before = measured(pid)

    async def come():
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(head.decode())
        return reader, writer

    viewers = []
    for _ in range(0, given.viewers, COME):
        viewers += await asyncio.gather(*(come() for _ in range(COME)))
    after, spent = measured(pid), cpu(pid)
    await asyncio.sleep(WATCHED)
    spent = cpu(pid) - spent
    last = measured(pid)
    each = (last[0] - before[0]) * 1024 / len(viewers)
    table(
        ["viewers", "memory before, MiB", "with all of them", "a minute later", "each, KiB", "open files", "CPU of that minute, s"],
        [[len(viewers), f"{before[0]:.0f}", f"{after[0]:.0f}", f"{last[0]:.0f}", f"{each:.1f}", last[1], f"{spent:.2f}"]],
    )
    for _, writer in viewers:
        writer.close()


def cpu(pid):
    """Seconds that a process has computed."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
