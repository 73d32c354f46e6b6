// Three tools for every TypeScript server here.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

export function makeServer(name) {
  const server = new McpServer({ name, version: "1.2.3" });
  const say = (text) => ({ content: [{ type: "text", text }] });
  server.registerTool(
    "search",
    { description: "Look something up.", inputSchema: { query: z.string() } },
    async ({ query }) => say(`nothing about ${query}`),
  );
  server.registerTool(
    "add",
    { description: "Add two numbers.", inputSchema: { a: z.number(), b: z.number() } },
    async ({ a, b }) => say(String(a + b)),
  );
  server.registerTool(
    "echo",
    { description: "Say it again.", inputSchema: { text: z.string() } },
    async ({ text }) => say(text),
  );
  return server;
}

export function listen(app) {
  const listener = app.listen(0, "127.0.0.1", () => {
    console.error(`running on http://127.0.0.1:${listener.address().port}`);
  });
}
