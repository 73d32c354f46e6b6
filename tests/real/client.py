"""The official Python client, version 1: connects to each `sse=URL` or `http=URL`, lists the tools.

One line of JSON for each: `{"tools": 3}` or `{"error": "…"}`.
"""

import asyncio
import json
import sys

from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamablehttp_client

SECONDS = 20


async def tools(argument):
    kind, url = argument.split("=", 1)
    connect = sse_client if kind == "sse" else streamablehttp_client
    async with connect(url) as (read, write, *_):
        async with ClientSession(read, write) as session:
            await session.initialize()
            return len((await session.list_tools()).tools)


async def main():
    for argument in sys.argv[1:]:
        try:
            found = {"tools": await asyncio.wait_for(tools(argument), SECONDS)}
        except BaseException as error:  # groups and cancellations, too
            found = {"error": repr(error)[:300]}
        print(json.dumps(found), flush=True)


asyncio.run(main())
