"""Version 2 of the official Python SDK, both eras at one address: `session`, `stateless`, `json` or `sse`."""

import sys

from mcp.server import MCPServer

from tools import TOOLS

mode = sys.argv[1]
mcp = MCPServer(f"python2-{mode}", version="4.5.6")
for tool in TOOLS:
    mcp.add_tool(tool)

if __name__ == "__main__":
    if mode == "sse":
        mcp.run(transport="sse", host="127.0.0.1", port=0)
    else:
        mcp.run(
            transport="streamable-http",
            host="127.0.0.1",
            port=0,
            stateless_http=mode == "stateless",
            json_response=mode == "json",
        )
