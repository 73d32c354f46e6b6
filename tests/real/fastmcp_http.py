"""FastMCP 2, 3 or 4: `session`, `stateless` or `json` at /mcp, or `sse` at /sse."""

import sys

import uvicorn
from fastmcp import FastMCP

from tools import TOOLS

mode = sys.argv[1]
mcp = FastMCP("fastmcp", version="7.8.9")
for tool in TOOLS:
    mcp.tool(tool)

if __name__ == "__main__":
    more = {"session": {}, "stateless": {"stateless_http": True}, "json": {"json_response": True}}
    app = mcp.http_app(transport="sse") if mode == "sse" else mcp.http_app(**more[mode])
    # mcp.run() of FastMCP 2 takes port 0 for no port at all.
    uvicorn.run(app, host="127.0.0.1", port=0)
