// The official TypeScript client, version 1: connects to each `sse=URL` or `http=URL`, lists the tools.
// One line of JSON for each: {"tools": 3} or {"error": "…"}.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const options = { timeout: 20_000 };
for (const argument of process.argv.slice(2)) {
  const place = argument.indexOf("=");
  const url = new URL(argument.slice(place + 1));
  const isSse = argument.slice(0, place) === "sse";
  const client = new Client({ name: "typescript-client", version: "1" });
  const transport = isSse ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url);
  let found;
  try {
    await client.connect(transport, options);
    found = { tools: (await client.listTools(undefined, options)).tools.length };
    if (!isSse) await transport.terminateSession();
  } catch (error) {
    found = { error: String(error).slice(0, 300) };
  }
  await client.close().catch(() => {});
  console.log(JSON.stringify(found));
}
process.exit(0);
