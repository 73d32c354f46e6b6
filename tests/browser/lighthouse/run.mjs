// What Lighthouse says of the public status page and of a monitor, with the data of `make demo`.
//
//   node run.mjs DEMO          DEMO is the built example; `make lighthouse` does all of it
//
// Prints the four scores of each page and every audit that is not passed; ends with 1 below 98.

import * as chromeLauncher from "chrome-launcher";
import lighthouse from "lighthouse";
import desktopConfig from "lighthouse/core/config/desktop-config.js";
import { demo, EMAIL, PASSWORD } from "../demo.mjs";

const LEAST = 98;
const categories = ["performance", "accessibility", "best-practices", "seo"];

const service = await demo(process.argv[2]);
const { base } = service;
const chrome = await chromeLauncher.launch({
  chromePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"],
});
let isGood = true;
try {
  const entered = await fetch(`${base}/login`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: base, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ email: EMAIL, password: PASSWORD }),
  });
  const cookie = entered.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  const list = await (await fetch(`${base}/?status=up`, { headers: { cookie } })).text();
  const [monitor] = list.match(/\/monitors\/[0-9a-f-]{36}/);
  for (const [path, extraHeaders] of [["/status/demo", {}], [monitor, { Cookie: cookie }]])
    for (const formFactor of ["mobile", "desktop"]) {
      const settings = { port: chrome.port, onlyCategories: categories, extraHeaders, logLevel: "error" };
      const { lhr } = await lighthouse(base + path, settings, formFactor === "desktop" ? desktopConfig : undefined);
      const scores = categories.map((name) => [name, Math.round(lhr.categories[name].score * 100)]);
      console.log(`${path} ${formFactor}: ${scores.map(([name, score]) => `${name} ${score}`).join(", ")}`);
      for (const name of categories)
        for (const { id, weight } of lhr.categories[name].auditRefs)
          if (weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
            console.log(`  ${name}: ${id}: ${lhr.audits[id].displayValue ?? lhr.audits[id].title}`);
      isGood &&= scores.every(([, score]) => score >= LEAST);
    }
} finally {
  chrome.kill();
  service.stop();
}
process.exit(isGood ? 0 : 1);
