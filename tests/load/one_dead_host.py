#!/usr/bin/env python3
"""A thousand monitors behind one server that dies and comes back: how many notices does a channel get?

    cargo build --release --workspace && python3 tests/load/one_dead_host.py [--count N] [--minutes T]

Everything runs on loopback. Prints when each message arrived and how many monitors it speaks for; ends with an
error when there is more than one notice of the outage and one of its end, or when an incident is left open.
"""

import argparse
import http.server
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from thousand import TARGET, api


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1_000)
    options.add_argument("--minutes", type=float, default=3, help="how long the server is away, and back again")
    given = options.parse_args()
    heard = Heard()
    with tempfile.TemporaryDirectory() as folder, heard:
        measure(given, folder, heard)


class Heard:
    """A webhook receiver."""

    def __enter__(self):
        messages = self.messages = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages.append((time.time(), body["type"], body["data"].get("incident") or {}))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()


def fleet(given, port="0"):
    command = [TARGET / "fake-mcp", "fleet", "--port", port, "--count", str(given.count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def measure(given, folder, heard):
    server = fleet(given)
    service = None
    try:
        port = re.search(r"http://127\.0\.0\.1:(\d+)", server.stdout.readline()).group(1)
        environment = {
            "PATH": os.environ["PATH"],
            "LIFESIGN_LISTEN": "127.0.0.1:0",
            "LIFESIGN_ALLOW_TARGETS": "loopback",
            "LIFESIGN_SECRET_KEY": "00" * 32,
            "LIFESIGN_LOG": "warn",
        }
        lifesign = [TARGET / "lifesign"]
        service = subprocess.Popen(lifesign, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
        address = re.search(r"http://\S+", service.stdout.readline()).group().rstrip("/")

        def command(*words):
            run = subprocess.run(lifesign + list(words), cwd=folder, env=environment, capture_output=True, text=True)
            return run.stdout.strip()

        command("user", "add", "load@example.com", "--team", "Load", "--role", "owner")
        token = command("token", "add", "load@example.com", "--scope", "write")
        hook = {"url": f"http://127.0.0.1:{heard.server.server_port}/"}
        api(address, token, "POST", "/channels", {"name": "Ops", "kind": "webhook", "settings": hook, "default": True})
        for n in range(given.count):
            api(address, token, "POST", "/monitors", {"url": f"http://127.0.0.1:{port}/healthy/{n}/mcp"})
        wait_until(lambda: counts(address, token, "up") == given.count, 300)

        server.kill()
        server.wait()
        died = time.time()
        time.sleep(given.minutes * 60)
        down = counts(address, token, "down")
        server = fleet(given, port)
        back = time.time()
        wait_until(lambda: counts(address, token, "up") == given.count, 300)
        time.sleep(10)
        report(given, heard, down, died, back)
    finally:
        for process in (service, server):
            if process:
                process.terminate()
                process.wait(30)


def counts(address, token, status):
    cursor, found = None, 0
    while True:
        after = f"&cursor={cursor}" if cursor else ""
        page = api(address, token, "GET", f"/monitors?status={status}&limit=100{after}")
        found += len(page["data"])
        cursor = page["next_cursor"]
        if not cursor:
            return found


def wait_until(condition, seconds):
    ends = time.time() + seconds
    while not condition():
        if time.time() > ends:
            raise SystemExit("it does not settle")
        time.sleep(5)


def report(given, heard, down, died, back):
    print(f"{down} of {given.count} monitors down {given.minutes:g} minutes after the server died")
    for at, kind, incident in heard.messages:
        since = f"{at - died:.0f} s after it died" if at < back else f"{at - back:.0f} s after it came back"
        print(f"{kind}: speaks for {incident.get('member_count', 0) + 1} monitors, {since}")
    kinds = [kind for _, kind, _ in heard.messages]
    if kinds != ["incident.opened", "incident.resolved"] or down < given.count:
        raise SystemExit(f"not one notice and its end: {kinds}")


if __name__ == "__main__":
    main()
