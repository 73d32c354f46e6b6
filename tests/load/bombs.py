#!/usr/bin/env python3
"""Two hundred hostile servers at once: the right code for each, in time, in little memory.

    cargo build --release --example bombs
    python3 tests/load/bombs.py target/release/examples/bombs

Plays the servers on loopback, probes them all at once, and fails when a code is wrong, a check takes
longer than its 30 seconds, or the prober had 200 MB resident.
"""

import asyncio
import gzip
import json
import sys

EACH = 25
MOST_SECONDS = 32
MOST_MIB = 190  # 200 MB

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MIB = 1024 * 1024


def sized(body, extra=b""):
    return OK + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def gzip_bomb(write):
    await write(sized(BOMB, b"Content-Encoding: gzip\r\n"))


async def hundred_megabytes(write):
    await write(OK + b"Content-Length: %d\r\n\r\n{\"a\":\"" % (100 * MIB))
    for _ in range(100):
        await write(b"a" * MIB)


async def endless(write):
    await write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"10000\r\n" + b"a" * 65536 + b"\r\n")


async def endless_event(write):
    await write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ")
    while True:
        await write(b"a" * 65536)


async def deep(write):
    await write(sized(b"[" * 1_000_000))


async def wide(write):
    await write(sized(b"[" + b"{}," * 2_500_000 + b"{}]"))


async def drip(write):
    await write(OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        await write(b" ")
        await asyncio.sleep(0.5)


async def huge_headers(write):
    await write(OK)
    for number in range(1_000):
        await write(b"X-Filler-%d: " % number + b"a" * 1_000 + b"\r\n")
    await write(b"\r\n")


BOMB = gzip.compress(b" " * (100 * MIB), 9)
SERVERS = {
    gzip_bomb: "decompression_bomb",
    hundred_megabytes: "body_too_large",
    endless: "body_too_large",
    endless_event: "body_too_large",
    deep: "json_invalid",
    wide: "body_too_large",
    drip: "http_timeout_body",
    huge_headers: "http_protocol_error",
}


def serve(answer):
    async def handle(reader, writer):
        async def write(data):
            writer.write(data)
            await writer.drain()

        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(write)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    return handle


async def main(program):
    expected, servers = {}, []
    for answer, code in SERVERS.items():
        server = await asyncio.start_server(serve(answer), "127.0.0.1", 0)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        expected[f"http://127.0.0.1:{port}/mcp"] = (answer.__name__, code)
    prober = await asyncio.create_subprocess_exec(
        program, *expected, "--each", str(EACH), stdout=asyncio.subprocess.PIPE
    )
    told = json.loads((await prober.communicate())[0])
    wrong = []
    for url, (name, code) in expected.items():
        print(f"{name:20} {told['codes'][url]}")
        if told["codes"][url] != {code: EACH}:
            wrong.append(f"{name} is not {code}")
    print({key: figure for key, figure in told.items() if key != "codes"})
    if told["longest_s"] > MOST_SECONDS:
        wrong.append(f"a check took {told['longest_s']:.1f} s")
    if told["resident_mib"] > MOST_MIB:
        wrong.append(f"{told['resident_mib']} MiB were resident")
    if wrong:
        raise SystemExit("\n".join(wrong))


asyncio.run(main(sys.argv[1]))
