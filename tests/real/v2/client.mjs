// The official TypeScript client, version 2, looking for the newest era by itself. As ../client.mjs.
import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";

const options = { timeout: 20_000 };
for (const argument of process.argv.slice(2)) {
  const place = argument.indexOf("=");
  const url = new URL(argument.slice(place + 1));
  const isSse = argument.slice(0, place) === "sse";
  const client = new Client(
    { name: "typescript-client", version: "2" },
    isSse ? {} : { versionNegotiation: { mode: "auto" } },
  );
  const transport = isSse ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url);
  let found;
  try {
    await client.connect(transport, options);
    found = { tools: (await client.listTools(undefined, options)).tools.length };
    if (!isSse) await transport.terminateSession?.();
  } catch (error) {
    found = { error: String(error).slice(0, 300) };
  }
  await client.close().catch(() => {});
  console.log(JSON.stringify(found));
}
process.exit(0);
