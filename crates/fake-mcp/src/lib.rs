//! A scripted MCP server.
