"""What the scripts that break things play on: MCP servers whose port opens and closes, receivers of
webhooks, and the service as a process of its own. Loopback only, standard library only."""

import asyncio
import calendar
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# Below the range that connections go out from: nobody else takes a port that is closed for a while.
PORTS = iter(range(21_000, 29_000))
PATIENCE = 60
MAX_BODY = 8 << 20


def binary(name, profile):
    path = TARGET / profile / name
    if not path.exists():
        flag = " --release" if profile == "release" else ""
        raise SystemExit(f"{path} is missing: cargo build{flag} --workspace")
    return path


class Stage:
    """One thread in which every server and receiver lives, at one address."""

    def __init__(self, host="127.0.0.1"):
        self.host = host
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)


async def read_request(reader):
    """Method line, headers in lower case, body; nothing when the connection ends."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    length = min(int(headers.get("content-length", 0)), MAX_BODY)
    return first, headers, await reader.readexactly(length)


def answer(writer, status, body=b"", kind="application/json"):
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


class Server:
    """An MCP server of the smallest kind on a port of its own. It is up, refused, or hangs."""

    def __init__(self, stage, delay=0.0, host=None):
        self.stage, self.delay, self.host = stage, delay, host or stage.host
        self.listener, self.hangs, self.writers = None, False, set()
        self.lists = 0
        self.port = self.begin()

    def begin(self):
        for port in PORTS:
            try:
                self.stage.do(self.listen(port))
                return port
            except OSError:
                continue
        raise SystemExit("no port is free")

    @property
    def url(self):
        return f"http://{self.host}:{self.port}/mcp"

    def up(self):
        self.hangs = False
        if not self.listener:
            self.stage.do(self.listen(self.port))

    def refuse(self):
        self.stage.do(self.close())

    def hang(self):
        self.hangs = True

    async def listen(self, port):
        self.listener = await asyncio.start_server(self.serve, self.host, port, reuse_address=True)

    async def close(self):
        if self.listener:
            self.listener.close()
            self.listener = None
        for writer in list(self.writers):
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                first, _, body = await read_request(reader)
                if self.hangs:
                    await asyncio.sleep(3_600)
                self.reply(first, body, writer)
                if b"tools/list" in body:
                    await asyncio.sleep(self.delay)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    def reply(self, first, body, writer):
        if not first.startswith("POST"):
            return answer(writer, "405 Method Not Allowed")
        asked = json.loads(body)
        method = asked.get("method")
        if "id" not in asked:
            return answer(writer, "202 Accepted")
        said = {"jsonrpc": "2.0", "id": asked["id"]}
        if method == "initialize":
            version = asked["params"]["protocolVersion"]
            known = version if version <= "2025-11-25" else "2025-11-25"
            said["result"] = {
                "protocolVersion": known,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "stage", "version": "1"},
            }
        elif method == "tools/list":
            self.lists += 1
            said["result"] = {"tools": self.tools()}
        else:
            said["error"] = {"code": -32601, "message": f"no method {method}"}
        answer(writer, "200 OK", json.dumps(said).encode())

    def tools(self):
        return [{"name": "search", "description": "Searches.", "inputSchema": {"type": "object"}}]


class Receiver:
    """Takes webhooks at any path; keeps when what came where. `delay()` says how long it thinks; while it
    `refuses` it takes nothing."""

    def __init__(self, stage, delay=lambda: 0.0):
        self.stage, self.delay, self.received = stage, delay, []
        self.refuses = False
        self.listener = stage.do(asyncio.start_server(self.serve, stage.host, 0))
        self.port = self.listener.sockets[0].getsockname()[1]

    def url(self, path):
        return f"http://{self.stage.host}:{self.port}/{path}"

    async def serve(self, reader, writer):
        try:
            while True:
                first, headers, body = await read_request(reader)
                if self.refuses:
                    answer(writer, "503 Service Unavailable")
                    await writer.drain()
                    continue
                message = json.loads(body)
                self.received.append(
                    {
                        "at": time.time() * 1000,
                        "path": first.split(" ")[1].strip("/"),
                        "id": headers["webhook-id"],
                        "type": message["type"],
                        "timestamp": ms(message["timestamp"]),
                        "incident": (message["data"] or {}).get("incident"),
                    }
                )
                await asyncio.sleep(self.delay())
                answer(writer, "204 No Content")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Service:
    """The service on a folder of its own, killed and started again on the same port."""

    def __init__(self, folder, profile, database=None, prefix=(), **settings):
        self.folder, self.process = folder, None
        self.words = [*prefix, binary("lifesign", profile)]
        self.environment = {
            "PATH": os.environ["PATH"],
            "LIFESIGN_LISTEN": f"127.0.0.1:{free_port()}",
            "LIFESIGN_ALLOW_TARGETS": "loopback",
            "LIFESIGN_SECRET_KEY": "00" * 32,
            "LIFESIGN_LOG": "error",
            **{f"LIFESIGN_{name}": value for name, value in settings.items()},
        }
        if database:
            self.environment["LIFESIGN_DATABASE_URL"] = database
        self.url = "http://" + self.environment["LIFESIGN_LISTEN"]
        self.log = open(pathlib.Path(folder) / "log", "ab")
        self.start()
        self.token = self.join()

    def join(self):
        """An account and its token."""
        self.command("user", "add", "load@example.com", "--team", "Load", "--role", "owner")
        return self.command("token", "add", "load@example.com", "--scope", "write")

    def start(self):
        self.process = subprocess.Popen(
            [*self.words, "serve"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        if "listens on" not in self.process.stdout.readline():
            raise SystemExit(f"the service does not start: {pathlib.Path(self.folder, 'log').read_text()[-2000:]}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def command(self, *words):
        run = subprocess.run(
            [*self.words, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    def api(self, method, path, body=None):
        return self.ask(method, f"/api/v1{path}", body, {"Authorization": f"Bearer {self.token}"})

    def ask(self, method, path, body=None, headers=None):
        """JSON of an answer; waits where it is told to, and while the service is away."""
        until = time.monotonic() + PATIENCE
        while True:
            status, text, answered = self.get(method, path, body, headers)
            if status and status < 300:
                return json.loads(text)
            if status not in (None, 429, 503) or time.monotonic() > until:
                raise SystemExit(f"{method} {path}: {status} {text[:500]}")
            time.sleep(float(answered.get("Retry-After", "0.2")) if answered else 0.2)

    def get(self, method, path, body=None, headers=None, timeout=30):
        """Status, text and headers of one answer; the status is None when there is none."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        kind = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        request = urllib.request.Request(
            self.url + path, method=method, data=data, headers={**kind, **(headers or {})}
        )
        try:
            with OPENER.open(request, timeout=timeout) as answered:
                return answered.status, answered.read().decode(), answered.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers
        except (OSError, ConnectionError):
            return None, "", None

    def all(self, path):
        """Every row of a list."""
        rows, cursor = [], None
        while True:
            more = f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""
            page = self.api("GET", f"{path}{'&' if '?' in path else '?'}limit=100{more}")
            rows += page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                return rows

    def webhook(self, url, name="Ops"):
        body = {"name": name, "kind": "webhook", "settings": {"url": url}, "default": True}
        return self.api("POST", "/channels", body)["id"]

    def queued(self):
        _, text, _ = self.get("GET", "/metrics")
        found = re.search(r"^lifesign_notifications_queued (\S+)$", text, re.M)
        return None if found is None else int(float(found.group(1)))


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(what, look, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if look():
            return
        time.sleep(0.5)
    raise SystemExit(f"{what} did not happen within {seconds} s")


def ms(text):
    whole, fraction = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(fraction)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0


def table(head, rows):
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)
