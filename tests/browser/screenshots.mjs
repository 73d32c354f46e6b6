// Pictures of every page with the data of `make demo`, for docs/screenshots and for the README.
//
//   node screenshots.mjs DEMO FOLDER          DEMO is the built example, FOLDER is made anew
//
// Each page wide and light, and narrow and dark. `make screenshots` does all of it.

import { mkdir, rm } from "node:fs/promises";
import { chromium } from "playwright-core";
import { demo, EMAIL, PASSWORD } from "./demo.mjs";

const [binary, folder] = process.argv.slice(2);
// What is further down looks like what is above.
const LONGEST = 1_500;
const looks = {
  wide: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  narrow: { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
};

const service = await demo(binary);
const { base } = service;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

// Where the first link of a page leads that fits.
const first = async (page, path, fits) => {
  await page.goto(base + path);
  const links = await page.locator("main a").evaluateAll((all) => all.map((a) => a.pathname));
  const found = links.find((link) => fits.test(link));
  if (!found) throw new Error(`${path} has no link like ${fits}`);
  return found;
};

try {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const entering = await browser.newContext();
  const person = await entering.newPage();
  await person.goto(`${base}/login`);
  await person.screenshot({ path: `${folder}/login.png` });
  await person.fill("#email", EMAIL);
  await person.fill("#password", PASSWORD);
  await person.click("main button.main");
  await person.waitForURL(`${base}/`);
  // The server that is down needs its rechecks before there is an incident.
  for (let look = 0; look < 90 && !(await person.$("main .row.down")); look++) {
    await person.waitForTimeout(1_000);
    await person.goto(`${base}/`);
  }
  const id = "[0-9a-f-]{36}";
  const monitor = new RegExp(`^/monitors/${id}$`);
  const down = await first(person, "/?status=down", monitor);
  const up = await first(person, "/?status=up", monitor);
  const edit = await first(person, "/status-pages", new RegExp(`^/status-pages/${id}/edit$`));
  const statusPage = edit.replace("/edit", "");
  const pages = {
    monitors: "/",
    "monitor-down": down,
    "monitor-up": up,
    "monitor-checks": `${up}/checks`,
    "monitor-edit": `${up}/edit`,
    "monitor-new": "/monitors/new",
    incidents: "/incidents",
    incident: await first(person, "/incidents", new RegExp(`^/incidents/${id}$`)),
    channels: "/channels",
    channel: await first(person, "/channels", new RegExp(`^/channels/${id}$`)),
    "channel-new": "/channels/new?kind=email",
    maintenance: "/maintenance",
    "maintenance-new": "/maintenance/new",
    "status-pages": "/status-pages",
    "status-page-edit": edit,
    settings: "/settings",
    agents: "/agents",
    "audit-log": "/audit-log",
    team: "/team",
    report: "/reports",
    system: "/system",
    status: "/status/demo",
    "status-history": "/status/demo/history",
    explore: "/explore",
    "explore-server": up.replace("/monitors/", "/explore/"),
    claims: "/claims",
    claim: await first(person, "/claims", new RegExp(`^/claims/${id}$`)),
    bot: "/bot",
    import: "/monitors/import",
    "first-channel": "/channels/first",
    announcements: `${statusPage}/announcements`,
    subscribers: `${statusPage}/subscribers`,
    subscribe: "/status/demo/subscribe",
  };
  const state = await entering.storageState();
  for (const [look, options] of Object.entries(looks)) {
    const looking = await browser.newContext({ ...options, storageState: state });
    const page = await looking.newPage();
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(base + path, { waitUntil: "load" });
      await page.waitForTimeout(200);
      const { width } = options.viewport;
      const height = Math.min(LONGEST, await page.evaluate(() => document.documentElement.scrollHeight));
      await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true, clip: { x: 0, y: 0, width, height } });
    }
    await looking.close();
  }
} finally {
  await browser.close();
  service.stop();
}
