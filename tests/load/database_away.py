#!/usr/bin/env python3
"""PostgreSQL is stopped in the middle of an outage and of a recovery: what is lost, and who says so?

    cargo build --release --workspace && python3 tests/load/database_away.py [--seconds 300]

A PostgreSQL of its own (tests/setup/postgres.sh), loopback only. Before it stops, one server is down
and told; while it is away that one comes back and another goes down; slow servers are being checked
at the moment when it stops. Ends with an error when a check that was made was not recorded, an alert
is lost, `/readyz` did not say so, or a page showed an old green. Takes the time that it is away, and
two minutes.
"""

import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.parse

from stage import ROOT, Receiver, Server, Service, Stage, table, wait_for

INTERVAL = 10
# Servers that take so long to list their tools that some are being checked at any moment.
SLOW, DELAY = 6, 4.0
# When an old green must be gone, in seconds, with what it takes to notice.
GREEN = 60 + 15
AWAY = "database is away"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--debug", action="store_true", help="the binary of the debug profile")
    given = options.parse_args()
    with postgres() as (database, url), tempfile.TemporaryDirectory() as own:
        play(given, own, url, database)


@contextlib.contextmanager
def postgres(where=None):
    """A PostgreSQL of its own, in a folder in `where`, and its address."""
    setup = ROOT / "tests/setup/postgres.sh"
    with tempfile.TemporaryDirectory(dir=where) as folder:
        os.chmod(folder, 0o755)
        started = subprocess.run([setup, "start", folder], capture_output=True, text=True, check=True)
        try:
            url = started.stdout.strip()
            yield Postgres(folder, url), url
        finally:
            subprocess.run([setup, "stop", folder], check=True)
            os.makedirs(folder, exist_ok=True)


class Postgres:
    """Stops and starts what postgres.sh has made."""

    def __init__(self, folder, url):
        self.data = pathlib.Path(folder) / "data"
        bins = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self.control = str(bins[-1] / "pg_ctl") if bins else "pg_ctl"
        port = urllib.parse.urlsplit(url).port
        lines = f"\nport = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 400\n"
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(lines)

    def run(self, *words, check=True):
        command = [self.control, "-D", str(self.data), "-w", *words]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        return subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, check=check)

    def stop(self):
        self.run("-m", "fast", "stop")

    def start(self):
        self.run("-l", "/dev/null", "start")

    def is_running(self):
        return self.run("status", check=False).returncode == 0


def play(given, folder, url, database):
    stage = Stage()
    receiver = Receiver(stage)
    servers = {name: Server(stage) for name in ("steady", "recovers", "breaks")}
    servers |= {f"slow {n}": Server(stage, DELAY) for n in range(SLOW)}
    service = Service(folder, "debug" if given.debug else "release", url)
    try:
        meanwhile = lambda monitors: away(given, service, servers, database, monitors)
        monitors, looks = outages_around(meanwhile, service, receiver, servers)
        judge(service, receiver, servers, monitors, looks)
    finally:
        service.stop()


def outages_around(meanwhile, service, receiver, servers):
    """Watches the servers. One is down and told before `meanwhile`, which takes the monitors, brings it back and
    breaks another; waits until all of it is told. Gives the monitors and what `meanwhile` gives."""
    service.webhook(receiver.url("ops"))
    monitors = {
        name: service.api("POST", "/monitors", {"url": server.url, "name": name, "interval_seconds": INTERVAL})["id"]
        for name, server in servers.items()
    }
    is_up = lambda: all(row["status"] == "up" for row in service.all("/monitors"))
    wait_for("the first checks", is_up, 90)
    servers["recovers"].refuse()
    wait_for("the first alert", lambda: told(receiver, monitors["recovers"], "incident.opened"), 90)
    looks = meanwhile(monitors)
    is_told = lambda: told(receiver, monitors["recovers"], "incident.resolved") and told(
        receiver, monitors["breaks"], "incident.opened"
    )
    wait_for("what happened meanwhile to be told", is_told, 120)
    servers["breaks"].up()
    wait_for("the last recovery", lambda: told(receiver, monitors["breaks"], "incident.resolved"), 90)
    return monitors, looks


def told(receiver, monitor, kind):
    return any(m["type"] == kind and m["incident"]["monitor_id"] == monitor for m in receiver.received)


def log_in(service):
    link = service.command("user", "add", "eyes@example.com", "--team", "Load", "--role", "editor")
    path = link.removeprefix(service.url)
    form = urllib.parse.urlencode({"email": "eyes@example.com", "password": "a few words will do"}).encode()
    _, _, headers = service.get("POST", path, form, FORM | {"Origin": service.url})
    return {"Cookie": headers["Set-Cookie"].split(";")[0]}


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def publish(service, cookie, monitor):
    form = {"title": "Acme", "slug": "acme", "components": monitor, "visibility": "public"}
    body = urllib.parse.urlencode(form).encode()
    status, text, _ = service.get("POST", "/status-pages", body, FORM | cookie | {"Origin": service.url})
    if status != 303:
        raise SystemExit(f"the status page was not made: {status} {text[:500]}")
    service.get("GET", "/status/acme")


def away(given, service, servers, database, monitors):
    """Stops the database for a while; gives what was seen at each look."""
    cookie = log_in(service)
    publish(service, cookie, monitors["steady"])
    service.get("GET", "/status/acme")
    database.stop()
    began = time.monotonic()
    servers["recovers"].up()
    servers["breaks"].refuse()
    looks = []
    pages = ["/readyz", "/", f"/monitors/{monitors['steady']}", "/status/acme", "/api/v1/status/acme", "/badge/acme.json"]
    while time.monotonic() - began < given.seconds:
        for path in pages:
            asked = time.monotonic()
            status, text, _ = service.get("GET", path, None, cookie)
            looks.append((asked - began, path, status, text, time.monotonic() - asked))
        time.sleep(min(15, max(0, given.seconds - (time.monotonic() - began))))
    database.start()
    return looks


def judge(service, receiver, servers, monitors, looks):
    faults = []
    rows = []
    for path in dict.fromkeys(look[1] for look in looks):
        mine = [look for look in looks if look[1] == path]
        untrue = [look for look in mine if not is_true(look)]
        name = re.sub(r"[0-9a-f-]{36}", "{id}", path)
        slowest = max(look[4] for look in mine)
        rows.append([name, len(mine), sorted({look[2] for look in mine}), f"{slowest:.1f} s", len(untrue)])
        if untrue:
            moment, _, status, text, _ = untrue[0]
            faults.append(f"{name} after {moment:.0f} s: {status} {text[:200]!r}")
    table(["asked while away", "times", "answered", "slowest", "untrue"], rows)
    made = recorded = 0
    for name, monitor in monitors.items():
        checks = service.all(f"/monitors/{monitor}/checks")
        # One that is being made at this moment is not there yet, nor one that broke off.
        lists = servers[name].lists
        usable = sum(check["status"] in ("up", "degraded") for check in checks)
        made, recorded = made + lists, recorded + usable
        if lists - usable > 1:
            faults.append(f"{name}: {lists} checks were made, {usable} recorded")
    kinds = [(m["incident"]["monitor_id"], m["type"]) for m in receiver.received]
    incidents = service.all("/incidents")
    lost = [
        (incident["id"], kind)
        for incident in incidents
        for kind in ("incident.opened", "incident.resolved")
        if kind == "incident.opened" or incident["status"] == "resolved"
        if (incident["monitor_id"], kind) not in kinds
    ]
    table(
        ["checks answered", "recorded", "incidents", "messages", "alerts lost"],
        [[made, recorded, len(incidents), len(receiver.received), len(lost)]],
    )
    if lost:
        faults.append(f"not told: {lost}")
    if faults:
        raise SystemExit("broken: " + "\n".join(faults))


def is_true(look):
    moment, path, status, text, _ = look
    if path == "/readyz":
        return status == 503 and '"database":"away"' in text
    if path.startswith("/status/"):
        is_green = 'class="hero up"' in text
        return status == 200 and AWAY in text and not (is_green and moment > GREEN)
    if path.startswith("/api/"):
        is_green = '"status":"up"' in text
        return status == 200 and '"is_current":false' in text and not (is_green and moment > GREEN)
    if path.startswith("/badge/"):
        return status == 200 and not ('"message":"up"' in text and moment > GREEN)
    return status == 503 and AWAY in text


if __name__ == "__main__":
    main()
