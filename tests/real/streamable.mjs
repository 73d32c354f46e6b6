// The official TypeScript SDK with Streamable HTTP and sessions at /mcp, as its own example does it.
import { randomUUID } from "node:crypto";
import express from "express";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import { listen, makeServer } from "./server.mjs";

const app = express();
app.use(express.json());
const transports = new Map();

function refuse(response, message) {
  response.status(400).json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null });
}

app.post("/mcp", async (request, response) => {
  const id = request.headers["mcp-session-id"];
  let transport = transports.get(id);
  if (!transport) {
    if (id || !isInitializeRequest(request.body)) {
      return refuse(response, "Bad Request: No valid session ID provided");
    }
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => transports.set(id, transport),
    });
    transport.onclose = () => transports.delete(transport.sessionId);
    await makeServer("typescript-streamable").connect(transport);
  }
  await transport.handleRequest(request, response, request.body);
});

const withSession = async (request, response) => {
  const transport = transports.get(request.headers["mcp-session-id"]);
  if (!transport) return response.status(400).send("Invalid or missing session ID");
  await transport.handleRequest(request, response);
};
app.get("/mcp", withSession);
app.delete("/mcp", withSession);

app.get("/sessions", (_request, response) => response.json({ open: transports.size }));

listen(app);
