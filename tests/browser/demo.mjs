// Starts the demo, for who looks at its pages.

import { spawn } from "node:child_process";

export const EMAIL = "demo@example.com";
export const PASSWORD = "demo-demo-demo";
// So long the demo may write its history.
const PATIENCE = 300_000;

/** Gives the address of the built example when it listens, and `stop`. */
export const demo = async (binary) => {
  const service = spawn(binary, { stdio: ["ignore", "pipe", "inherit"] });
  const base = await new Promise((found, failed) => {
    let said = "";
    service.stdout.on("data", (text) => {
      said += text;
      const address = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (address) found(address[0]);
    });
    service.on("exit", (code) => failed(new Error(`the demo ended with ${code}: ${said}`)));
    setTimeout(() => failed(new Error(`the demo does not listen: ${said}`)), PATIENCE).unref();
  });
  return { base, stop: () => service.kill() };
};
