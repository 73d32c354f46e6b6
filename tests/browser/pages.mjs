// Every page in Debian's Chromium: wide and narrow, light and dark, with JavaScript and without.
// Goes through the first run as a person would, then looks at each page: no axe violation, nothing
// wider than the window, nothing refused by the content policy, at most 50 kB over the wire.
//
//   node pages.mjs BASE OWNER_LINK SERVER_UP SERVER_DOWN FOLDER
//
// Screenshots go to FOLDER. Prints one line for each fault and ends with 1 if there is any.

import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, ownerLink, serverUp, serverDown, folder] = process.argv.slice(2);
const LIMIT = 50_000;
const SCRIPT_LIMIT = 10_000;
const PASSWORD = "correct horse battery";
const widths = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
const faults = [];
const fault = (page, what) => {
  faults.push(`${page}: ${what}`);
  console.log(`FAULT ${page}: ${what}`);
};

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

const context = async (options = {}) => {
  const made = await browser.newContext({ viewport: widths.wide, ...options });
  made.setDefaultTimeout(20_000);
  return made;
};

// The story of the first run, without JavaScript: owner, first server, channel, status page.
const first = await context({ javaScriptEnabled: false });
const person = await first.newPage();
await person.goto(ownerLink);
await person.screenshot({ path: `${folder}/setup.png` });
await person.fill("#email", "owner@example.com");
await person.fill("#password", "short");
await person.evaluate(() => document.querySelector("#password").removeAttribute("minlength"));
await person.click("main button");
if ((await person.inputValue("#email")) !== "owner@example.com") fault("setup", "a refused form lost the address");
await person.fill("#password", PASSWORD);
await person.click("main button");
await person.waitForURL(`${base}/`);
await person.screenshot({ path: `${folder}/first-screen.png` });
await person.goto(ownerLink);
if (!(await person.textContent("main")).includes("does not work")) fault("setup", "the owner link works twice");

const watch = async (url, name) => {
  await person.goto(`${base}/monitors/new`);
  await person.fill("#url", url);
  await person.click("main .big button");
  await person.waitForSelector("button:text-is(\"Keep watching\")");
  await person.screenshot({ path: `${folder}/try-${name}.png`, fullPage: true });
  await person.click("button:text-is(\"Keep watching\")");
  await person.waitForURL(/\/(monitors\/[0-9a-f-]{36}|channels\/first)/);
  // As long as nobody is told, the way to the monitor goes past that question.
  if (person.url().includes("/channels/first")) {
    await person.screenshot({ path: `${folder}/channel-first.png` });
    await person.click("a:text-is(\"Not now\")");
    await person.waitForURL(/\/monitors\/[0-9a-f-]{36}/);
  }
  return new URL(person.url()).pathname;
};
await person.goto(`${base}/monitors/new`);
await person.fill("#url", "mcp.example.com/mcp");
await person.click("main .big button");
await person.waitForSelector("#url-error");
if ((await person.inputValue("#url")) !== "mcp.example.com/mcp") fault("try", "a refused form lost the address");
await person.screenshot({ path: `${folder}/try-refused.png` });
const up = await watch(serverUp, "up");
const down = await watch(serverDown, "down");

// The first channel is made where it is asked for; its receiver does not answer well.
await person.goto(`${base}/channels/first?kind=webhook`);
await person.fill("#url", serverDown);
await person.click("main button.main");
await person.waitForSelector("section.hero[role=status]");
await person.screenshot({ path: `${folder}/channel-first-tested.png`, fullPage: true });

await person.goto(`${base}/channels/new?kind=webhook`);
await person.fill("#name", "Hooks");
await person.fill("#url", serverDown);
await person.click("main button.main");
await person.waitForSelector("button:text-is(\"Send a test\")");
await person.screenshot({ path: `${folder}/channel-made.png` });
await person.click("button:text-is(\"Send a test\")");
await person.waitForSelector("section.hero[role=status]");
await person.screenshot({ path: `${folder}/channel-tested.png` });
const channel = new URL(person.url()).pathname.replace("/test", "");

// Servers of an mcp.json, chosen; then paused together.
await person.goto(`${base}/monitors/import`);
await person.fill("#config", JSON.stringify({ mcpServers: {
  Search: { url: serverUp.replace("/mcp", "/other"), headers: { "X-Api-Key": "k" } },
  Billing: { type: "sse", url: "http://10.1.2.3/mcp" },
  Files: { command: "npx", args: ["files"] },
} }));
await person.click("main button.main");
await person.waitForSelector(".choices");
await person.screenshot({ path: `${folder}/import-choose.png`, fullPage: true });
await person.click("button:text-is(\"Watch these\")");
await person.waitForSelector(".note.good");
const bulk = async (deed) => {
  for (const box of await person.$$(".pick input")) if (!(await box.isChecked())) await box.check();
  await person.click(`.bulk button[value=${deed}]`);
};
await person.check(".pick input >> nth=0");
await person.fill("#new_tag", "prod");
await person.screenshot({ path: `${folder}/monitors-chosen.png`, fullPage: true });
await person.press("#new_tag", "Enter");
await person.waitForSelector(".note.good");
if (!(await person.textContent(".note.good")).includes("1 monitor tagged")) fault("monitors", "Enter does not add the tag");
await bulk("delete");
await person.waitForSelector("h1:text(\"Delete 3 monitors?\")");
await person.screenshot({ path: `${folder}/monitors-delete.png`, fullPage: true });
await person.click("a:text-is(\"Keep them\")");

await person.goto(`${base}/maintenance/new`);
await person.fill("#name", "Nightly backup");
await person.check("#kind-cron");
if (await person.isVisible("#starts_at")) fault("maintenance-new", "shows the fields of another kind");
await person.fill("#cron", "30 2 * * *");
await person.fill("#zone", "Europe/Berlin");
await person.click("main button.main");
await person.waitForURL(`${base}/maintenance?done=saved`);

await person.goto(`${base}/status-pages/new`);
await person.fill("#title", "Acme servers");
await person.fill("#slug", "acme");
for (const box of await person.$$("input[name=components]")) await box.check();
await person.check("input[name=visibility][value=public]");
await person.click("main button.main");
await person.goto(`${base}/status-pages`);
const statusPage = new URL(await person.getAttribute("main .list a.strong", "href"), base).pathname;

await person.goto(base + up);
await person.click("button:text-is(\"List it publicly\")");
await person.waitForURL(/done=listed/);
await person.goto(`${base}/claims`);
await person.fill("#host", new URL(serverUp).host);
await person.click("main button.main");
await person.waitForURL(/\/claims\/[0-9a-f-]{36}/);
const claim = new URL(person.url()).pathname;
await person.click("button:text-is(\"Check now\")");
await person.waitForSelector("#outcome");
const explored = up.replace("/monitors/", "/explore/");

const announcements = statusPage.replace("/edit", "/announcements");
await person.goto(base + announcements);
await person.fill("#title", "We move to Frankfurt on Sunday");
await person.fill("#text", "Between 02:00 and 03:00 the servers may answer slowly.\n\nNothing else changes.");
await person.click("main button.main");
await person.waitForURL(`${base}${announcements}?done=announced`);
const announcement = await person.getAttribute("main .list a.button", "href");

await person.goto(`${base}/team`);
await person.fill("#email", "colleague@example.com");
await person.selectOption("#role", "editor");
await person.click("button:text-is(\"Invite\")");
await person.waitForSelector("code.secret");
await person.screenshot({ path: `${folder}/team-invited.png`, fullPage: true });

// The server that is down needs its rechecks before there is an incident.
for (let look = 0; look < 60; look++) {
  await person.goto(`${base}/incidents`);
  if (await person.$("main .list a.strong")) break;
  await person.waitForTimeout(1_000);
}
const incident = await person.getAttribute("main .list a.strong", "href").catch(() => null);
if (!incident) fault("incidents", "the outage did not become an incident");

const pages = {
  monitors: "/",
  "monitors-none": "/?q=nothing-like-this",
  "monitors-grouped": "/?group=tag",
  "monitors-import": "/monitors/import",
  "channel-first-email": "/channels/first?kind=email",
  "channel-first-telegram": "/channels/first?kind=telegram",
  "monitor-up": up,
  "monitor-down": down,
  "monitor-latency": `${up}?window=7d`,
  "monitor-closer": `${up}?window=7d&from=${new Date(Date.now() - 864e5).toISOString()}&until=${new Date().toISOString()}`,
  "monitor-checks": `${up}/checks`,
  "monitor-edit": `${up}/edit`,
  "monitor-delete": `${up}/delete`,
  "monitor-new": "/monitors/new",
  incidents: "/incidents",
  ...(incident && { incident: incident }),
  channels: "/channels",
  "channel-kinds": "/channels/new",
  "channel-new-telegram": "/channels/new?kind=telegram",
  "channel-new-email": "/channels/new?kind=email",
  "channel-new-webhook": "/channels/new?kind=webhook",
  channel,
  "channel-edit": `${channel}/edit`,
  "channel-delete": `${channel}/delete`,
  maintenance: "/maintenance",
  "maintenance-new": "/maintenance/new",
  "status-pages": "/status-pages",
  "status-page-new": "/status-pages/new",
  "status-page-edit": statusPage,
  "status-page-announcements": announcements,
  "status-page-announcement": announcement,
  "status-page-subscribers": statusPage.replace("/edit", "/subscribers"),
  claims: "/claims",
  claim,
  settings: "/settings",
  agents: "/agents",
  "audit-log": "/audit-log",
  team: "/team",
  "team-leave": "/team/leave",
  "audit-log-none": "/audit-log?kind=token",
  report: `/reports/${new Date().toISOString().slice(0, 7)}`,
  system: "/system",
  bot: "/bot",
  nothing: "/nothing-here",
  status: "/status/acme",
  "status-history": "/status/acme/history",
  "status-subscribe": "/status/acme/subscribe",
  "status-month": "/status/acme/history?month=" + new Date().toISOString().slice(0, 7),
};
const strangers = { explore: "/explore", "explore-none": "/explore?q=nothing-like-this", "explore-server": explored, login: "/login", status: "/status/acme", "setup-used": new URL(ownerLink).pathname };

const look = async (page, name, path, options, hasScript) => {
  const refused = [];
  page.removeAllListeners("console");
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !text.includes("status of 404")) refused.push(text);
  });
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  let script = 0;
  const kinds = new Map();
  wire.on("Network.responseReceived", (event) => kinds.set(event.requestId, event.type));
  wire.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
    if (kinds.get(event.requestId) === "Script") script += event.encodedDataLength;
  });
  await page.goto(base + path, { waitUntil: "load" });
  await page.waitForTimeout(100);
  await wire.detach();
  const label = `${name} (${options})`;
  if (bytes > LIMIT) fault(label, `${bytes} bytes over the wire`);
  if (script > SCRIPT_LIMIT) fault(label, `${script} bytes of script`);
  for (const text of refused) fault(label, text);
  const [inner, outer] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
  if (inner > outer) fault(label, `is ${inner} wide in a window of ${outer}`);
  // axe needs timers, which stand still without JavaScript; the page is the same one.
  if (!hasScript) return bytes;
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document));
  for (const { id, nodes } of violations) fault(label, `${id} at ${nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
  return bytes;
};

const all = async (state, list, who) => {
  for (const [width, viewport] of Object.entries(widths))
    for (const colorScheme of ["light", "dark"])
      for (const javaScriptEnabled of colorScheme === "light" ? [true, false] : [true]) {
        const looking = await context({ viewport, colorScheme, javaScriptEnabled, storageState: state });
        const page = await looking.newPage();
        const options = `${width}, ${colorScheme}, ${javaScriptEnabled ? "with" : "without"} JavaScript`;
        for (const [name, path] of Object.entries(list)) {
          const bytes = await look(page, `${who}${name}`, path, options, javaScriptEnabled);
          if (javaScriptEnabled) await page.screenshot({ path: `${folder}/${who}${name}-${width}-${colorScheme}.png`, fullPage: true });
          if (javaScriptEnabled && width === "wide" && colorScheme === "light") console.log(`${who}${name}: ${bytes} bytes`);
        }
        await looking.close();
      }
};

const state = await first.storageState();
await all(state, pages, "");
await all(undefined, strangers, "stranger-");

// Live: a page that is open learns of a change without being loaded again, and keyboards reach all.
const watching = await context({ storageState: state });
const live = await watching.newPage();
await live.goto(`${base}/`);
const rowOf = `li.row:has(a[href="${up}"])`;
await person.goto(base + up);
await live.waitForTimeout(500);
await person.click("button:text-is(\"Pause\")");
await live.waitForSelector(`${rowOf}.paused`, { timeout: 10_000 }).catch(() => fault("live", "the list did not learn of a pause"));
await person.click("button:text-is(\"Resume\")");
await live.waitForSelector(`${rowOf}:not(.paused)`, { timeout: 10_000 }).catch(() => fault("live", "the list did not learn of a resumption"));
// The keys of the list, and what is ticked stays so when a row is fetched again.
await live.goto(`${base}/`);
const focused = () => live.evaluate(() => document.activeElement.className || document.activeElement.type);
for (const key of ["j", "j", "k", "x"]) await live.keyboard.press(key);
if ((await live.locator(".pick input >> nth=0").isChecked()) !== true) fault("keys", "x does not choose the first monitor");
if ((await live.textContent("[data-count]")) !== "1 chosen") fault("keys", "the count is not said");
await live.screenshot({ path: `${folder}/monitors-keys.png` });
await live.keyboard.press("/");
if ((await focused()) !== "search") fault("keys", "/ does not go to the search");
await live.keyboard.type("jx?");
if ((await live.inputValue("input[type=search]")) !== "jx?") fault("keys", "a key that is typed does something");
await live.click("h1");
await person.goto(base + up);
await person.click("button:text-is(\"Pause\")");
await live.waitForSelector(`${rowOf}.paused`, { timeout: 10_000 });
await person.click("button:text-is(\"Resume\")");
await live.waitForSelector(`${rowOf}:not(.paused)`, { timeout: 10_000 });
if ((await live.locator(".pick input:checked").count()) !== 1) fault("keys", "a tick was lost");
await live.keyboard.press("?");
await live.waitForSelector("dialog[open]");
await live.evaluate(axe);
const dialogFaults = await live.evaluate(() => axe.run(document));
for (const { id } of dialogFaults.violations) fault("keys", id);
await live.screenshot({ path: `${folder}/monitors-keys-dialog.png` });
await live.keyboard.press("Escape");
if (await live.$("dialog[open]")) fault("keys", "Escape does not close the dialog");
for (const key of ["j", "Enter"]) await live.keyboard.press(key);
await live.waitForURL(/\/monitors\/[0-9a-f-]{36}/).catch(() => fault("keys", "Enter does not open"));
await live.goto(base + up);
await live.keyboard.press("Tab");
if (!(await live.evaluate(() => document.activeElement.classList.contains("skip")))) fault("keyboard", "the first stop is not the way to the content");
await live.focus(".strip .day input >> nth=89");
await live.keyboard.press("ArrowLeft");
const said = await live.evaluate(() => getComputedStyle(document.activeElement.nextElementSibling).clipPath);
if (said !== "none") fault("keyboard", "a day does not show its minutes");
await live.keyboard.press("Tab");
if (!(await live.evaluate(() => document.activeElement.textContent === "Its checks"))) fault("keyboard", "a day does not lead to its checks");

// Only trouble of ours is said, and not that a proxy keeps `/readyz` for itself.
const tended = await (await context({ storageState: state })).newPage();
let ready;
await tended.route("**/readyz", (route) => (ready ? route.fulfill({ status: ready }) : route.continue()));
await tended.clock.install();
await tended.goto(`${base}/`);
for (const [status, isSaid] of [[0, false], [404, false], [503, true], [0, false]]) {
  ready = status;
  const asked = tended.waitForResponse("**/readyz");
  await tended.clock.runFor(31_000);
  await asked;
  await tended.locator(`#away${isSaid ? ":not([hidden])" : "[hidden]"}`).waitFor({ state: "attached", timeout: 5_000 })
    .catch(() => fault("away", `${status} is ${isSaid ? "not " : ""}said`));
}

// A page for the public that was kept for ten minutes does not show itself as fresh.
const reader = await (await context()).newPage();
const stale = (html) => html.replaceAll(/(data-now="|datetime=")([^"]+)/g, (_, name, at) => `${name}${new Date(Date.parse(at) - 6e5).toISOString()}`);
let isKept = true;
await reader.route("**/status/acme", async (route) => {
  if (!isKept) return route.abort();
  isKept = false;
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: stale(await answer.text()) });
});
await reader.goto(`${base}/status/acme`);
await reader.waitForFunction(() => /1\d min ago/.test(document.querySelector(".hero time[data-ago]").textContent), null, { timeout: 10_000 })
  .catch(() => fault("status", "an old copy passes for a new one"));

// Whoever is logged out meanwhile is led to the log-in page, not shown it in place of a row.
const parted = await context({ storageState: state });
const leaving = await parted.newPage();
await leaving.goto(`${base}/`);
await leaving.waitForTimeout(500);
await parted.clearCookies();
await person.goto(base + up);
await person.click("button:text-is(\"Pause\")");
await leaving.waitForURL(/\/login/, { timeout: 10_000 }).catch(() => fault("live", "a row became the log-in page"));
await person.click("button:text-is(\"Resume\")");

// The widget and the picture of a status page, on the page of somebody else.
const elsewhere = createServer((_, answer) => {
  answer.setHeader("content-type", "text/html");
  answer.end(`<!doctype html><title>Acme</title><p>We are <script src="${base}/status/acme/widget.js"></script></p><img src="${base}/status/acme/og.png" width="600" alt="">`);
});
await new Promise((listens) => elsewhere.listen(0, "127.0.0.1", listens));
const customer = await (await context()).newPage();
customer.on("console", (said) => said.type() === "error" && fault("widget", said.text()));
await customer.goto(`http://127.0.0.1:${elsewhere.address().port}/`);
const widget = customer.locator("span >> a").first();
await widget.filter({ hasText: ":" }).waitFor().catch(() => fault("widget", "it never says how the page is"));
if ((await widget.getAttribute("href")) !== `${base}/status/acme`) fault("widget", "it leads elsewhere");
if (!(await customer.evaluate(() => document.querySelector("img").naturalWidth === 1200))) fault("picture", "it is not shown");
await customer.screenshot({ path: `${folder}/widget.png` });
elsewhere.close();

// Log out, and in again.
await person.goto(`${base}/`);
await person.click("button:text-is(\"Log out\")");
await person.goto(base + up);
if (!person.url().includes("/login")) fault("login", "a page is shown to somebody who has logged out");
await person.fill("#email", "owner@example.com");
await person.fill("#password", "not the password");
await person.click("main button.main");
if ((await person.inputValue("#email")) !== "owner@example.com") fault("login", "a refused form lost the address");
await person.fill("#password", PASSWORD);
await person.click("main button.main");
if (new URL(person.url()).pathname !== up) fault("login", "does not come back to where one wanted to go");

await browser.close();
console.log(faults.length ? `${faults.length} faults` : "no faults");
process.exit(faults.length ? 1 : 0);
