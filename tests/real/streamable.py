"""The official Python SDK with Streamable HTTP at /mcp: `session`, `stateless` or `json`."""

import sys

from mcp.server.fastmcp import FastMCP
from starlette.responses import JSONResponse

from tools import TOOLS

mode = sys.argv[1]
mcp = FastMCP(
    f"python-{mode}",
    host="127.0.0.1",
    port=0,
    stateless_http=mode == "stateless",
    json_response=mode == "json",
)
for tool in TOOLS:
    mcp.add_tool(tool)


@mcp.custom_route("/sessions", methods=["GET"])
async def sessions(_request):
    """How many sessions the SDK still holds: what a client that never says goodbye leaves behind."""
    return JSONResponse({"open": len(mcp.session_manager._server_instances)})


if __name__ == "__main__":
    mcp.run(transport="streamable-http")
