"""The same, mounted in FastAPI at /mcp/sse, behind a middleware that wants a Bearer token."""

import os

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mcp.server.fastmcp import FastMCP

from tools import TOOLS

TOKEN = os.environ["TOKEN"]

mcp = FastMCP("python-sse-in-fastapi")
for tool in TOOLS:
    mcp.add_tool(tool)

app = FastAPI()


class Bearer:
    """Plain ASGI: the middleware that FastAPI wraps in tasks would break event streams."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            if Request(scope).headers.get("authorization") != f"Bearer {TOKEN}":
                refusal = JSONResponse(
                    {"error": "unauthorized"}, 401, {"WWW-Authenticate": 'Bearer realm="tools"'}
                )
                return await refusal(scope, receive, send)
        await self.app(scope, receive, send)


app.add_middleware(Bearer)
app.mount("/mcp", mcp.sse_app())

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=0)
