// The official TypeScript SDK with Streamable HTTP at /mcp without sessions: `stream` or `json` answers.
import express from "express";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { listen, makeServer } from "./server.mjs";

const mode = process.argv[2];
const app = express();
app.use(express.json());

app.post("/mcp", async (request, response) => {
  const server = makeServer(`typescript-${mode}`);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: mode === "json",
  });
  response.on("close", () => {
    transport.close();
    server.close();
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});

listen(app);
