//! Lifesign: uptime monitoring for MCP servers.
