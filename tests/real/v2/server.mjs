// Version 2 of the official TypeScript SDK at /mcp: `dual`, or `modern`, which refuses every handshake.
import { createServer } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { McpServer, createMcpHandler } from "@modelcontextprotocol/server";
import { z } from "zod";

const mode = process.argv[2];
const say = (text) => ({ content: [{ type: "text", text }] });

function make() {
  const server = new McpServer({ name: `typescript2-${mode}`, version: "1.2.3" });
  const tool = (name, description, shape, run) =>
    server.registerTool(name, { description, inputSchema: z.object(shape) }, run);
  tool("search", "Look something up.", { query: z.string() }, async ({ query }) =>
    say(`nothing about ${query}`),
  );
  tool("add", "Add two numbers.", { a: z.number(), b: z.number() }, async ({ a, b }) =>
    say(String(a + b)),
  );
  tool("echo", "Say it again.", { text: z.string() }, async ({ text }) => say(text));
  return server;
}

const options = mode === "modern" ? { legacy: "reject" } : {};
const listener = createServer(toNodeHandler(createMcpHandler(make, options)));
listener.listen(0, "127.0.0.1", () => {
  console.error(`running on http://127.0.0.1:${listener.address().port}`);
});
