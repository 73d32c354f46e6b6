"""FastMCP 3, Streamable HTTP at /mcp."""

from fastmcp import FastMCP

from tools import TOOLS

mcp = FastMCP("fastmcp", version="7.8.9")
for tool in TOOLS:
    mcp.tool(tool)

if __name__ == "__main__":
    mcp.run(transport="http", host="127.0.0.1", port=0, show_banner=False)
