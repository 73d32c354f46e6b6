// The official TypeScript SDK with HTTP+SSE: the stream at /sse, messages at /messages.
import express from "express";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { listen, makeServer } from "./server.mjs";

const app = express();
app.use(express.json());
const transports = new Map();

app.get("/sse", async (_request, response) => {
  const transport = new SSEServerTransport("/messages", response);
  transports.set(transport.sessionId, transport);
  response.on("close", () => transports.delete(transport.sessionId));
  await makeServer("typescript-sse").connect(transport);
});

app.post("/messages", async (request, response) => {
  const transport = transports.get(request.query.sessionId);
  if (!transport) return response.status(400).send("No transport found for sessionId");
  await transport.handlePostMessage(request, response, request.body);
});

app.get("/sessions", (_request, response) => response.json({ open: transports.size }));

listen(app);
