"""The official Python SDK with transport="sse": the stream at /sse, messages at /messages/."""

from mcp.server.fastmcp import FastMCP

from tools import TOOLS

mcp = FastMCP("python-sse", host="127.0.0.1", port=0)
for tool in TOOLS:
    mcp.add_tool(tool)

if __name__ == "__main__":
    mcp.run(transport="sse")
