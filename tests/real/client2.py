"""The official Python client, version 2, which looks for the newest era by itself. As client.py."""

import asyncio
import json
import sys

from mcp import Client
from mcp.client.sse import sse_client

SECONDS = 20


async def tools(argument):
    kind, url = argument.split("=", 1)
    async with Client(sse_client(url) if kind == "sse" else url) as client:
        return len((await client.list_tools()).tools)


async def main():
    for argument in sys.argv[1:]:
        try:
            found = {"tools": await asyncio.wait_for(tools(argument), SECONDS)}
        except BaseException as error:  # groups and cancellations, too
            found = {"error": repr(error)[:300]}
        print(json.dumps(found), flush=True)


asyncio.run(main())
