// One life in Debian's Chromium: first run, first alert, an outage seen as it happens, acknowledged
// from the mail, a status page subscribed, confirmed, informed and left. As somebody with a mouse,
// with the keyboard alone, without JavaScript, or with a phone.
//
//   node story.mjs WAY BASE OWNER_LINK SERVER_URL        WAY: mouse, keyboard, plain or phone
//
// Whoever runs it holds the world: a line `break`, `mend` or `mails` on standard output is
// answered by one line of JSON on standard input. Ends with 1 and says where it got stuck.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [way, base, ownerLink, server] = process.argv.slice(2);
const PATIENCE = 60_000;
// More stops than any page has.
const STOPS = 250;
const OWNER = "owner@example.com";
const READER = "reader@example.com";
const PASSWORD = "correct horse battery";
const options = {
  mouse: {},
  keyboard: {},
  plain: { javaScriptEnabled: false },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
}[way];

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const world = async (wish) => {
  console.log(wish);
  return JSON.parse((await lines.next()).value);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const open = async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  return context.newPage();
};

// Goes to an element as this person does: the keyboard has only its stops.
const reach = async (page, selector) => {
  const element = page.locator(selector).first();
  await element.waitFor();
  if (way !== "keyboard") return element;
  await page.evaluate(() => document.activeElement?.blur());
  for (let stop = 0; stop < STOPS; stop++) {
    await page.keyboard.press("Tab");
    if (await element.evaluate((it) => it === document.activeElement)) return element;
  }
  throw new Error(`no key leads to ${selector} on ${page.url()}`);
};
const press = async (page, selector) => {
  const element = await reach(page, selector);
  if (way === "keyboard") return page.keyboard.press("Enter");
  return way === "phone" ? element.tap() : element.click();
};
const tick = async (page, selector) => {
  const element = await reach(page, selector);
  if (await element.isChecked()) return;
  return way === "keyboard" ? page.keyboard.press("Space") : element.check();
};
const type = async (page, selector, text) => {
  const element = await reach(page, selector);
  if (way !== "keyboard") return element.fill(text);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(text);
};
const until = async (what, look) => {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    const found = await look();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 250));
  }
  throw new Error(`no ${what}`);
};
const mail = (to, fits) =>
  until(`mail to ${to} with ${fits}`, async () =>
    (await world("mails")).find((one) => one.to.includes(to) && fits.test(`${one.subject}\n${one.text}`)));
const link = (one, fits) => {
  const found = one.text.match(/https?:\/\/\S+/g)?.find((url) => fits.test(url));
  if (!found) throw new Error(`no link like ${fits} in ${one.text}`);
  return found;
};
// What changes on an open page. Where JavaScript is off it reloads itself once a minute; nobody waits
// for that here. Not for what a deed has just asked for: a reload would take it back.
const sees = async (page, selector) => {
  if (way !== "plain") return page.locator(selector).first().waitFor();
  await until(selector, async () => {
    await page.reload();
    return page.locator(selector).count();
  });
};
// A page for the public may be some seconds old.
const finds = (page, url, selector) =>
  until(`${selector} at ${url}`, async () => {
    await page.goto(url);
    return page.locator(selector).count();
  });

const story = async () => {
  const begin = Date.now();
  const owner = await open();
  await owner.goto(ownerLink);
  await type(owner, "#email", OWNER);
  await type(owner, "#password", PASSWORD);
  await press(owner, "main button.main");
  await owner.waitForURL(`${base}/`);

  await type(owner, "#url", server);
  await press(owner, "main .big button");
  await press(owner, "button:text-is(\"Keep watching\")");
  await owner.waitForURL(/\/channels\/first/);
  if ((await owner.inputValue("#to")) !== OWNER) throw new Error("the owner's address is not proposed");
  await press(owner, "button:text-is(\"Send me a test\")");
  await owner.locator("section.hero.up").waitFor();
  await mail(OWNER, /test/i);
  console.error(`${way}: from the owner link to a test alert in ${Date.now() - begin} ms`);
  await press(owner, "a:text-is(\"Go on\")");
  await owner.waitForURL(/\/monitors\//);

  await owner.goto(`${base}/status-pages/new`);
  await type(owner, "#title", "Acme servers");
  await type(owner, "#slug", "acme");
  await tick(owner, "input[name=components]");
  const isPublic = owner.locator("input[name=public]");
  if (await isPublic.count()) await tick(owner, "input[name=public]");
  await press(owner, "main button.main:text-is(\"Save\")");
  await owner.waitForURL((url) => url.pathname !== "/status-pages/new");

  const reader = await open();
  await reader.goto(`${base}/status/acme`);
  await press(reader, "a:text-is(\"Subscribe\")");
  await type(reader, "#to", READER);
  await press(reader, "button:text-is(\"Subscribe by mail\")");
  await reader.locator(".note.good").waitFor();
  await reader.goto(link(await mail(READER, /confirm/i), /\/subscribers\//));
  await press(reader, "button:text-is(\"Yes, tell me\")");
  await reader.locator(".note.good").waitFor();
  await finds(reader, `${base}/status/acme`, ".hero.up");

  await owner.goto(`${base}/`);
  await sees(owner, "main .row.up");
  await world("break");
  await sees(owner, "main .row.down");
  const alarm = await mail(OWNER, /^DOWN /);
  await owner.goto(link(alarm, /\/acknowledge\//));
  await press(owner, "button:text-is(\"Acknowledge\")");
  await owner.locator("p[role=status]:has-text(\"Acknowledged\")").waitFor();
  await mail(READER, /down/i);
  await finds(reader, `${base}/status/acme`, ".hero.down");

  await owner.goto(`${base}/`);
  await world("mend");
  await sees(owner, "main .row.up");
  await mail(OWNER, /^UP /);
  const over = await mail(READER, /resolved|over|back|up again/i);
  await reader.goto(link(over, /unsubscribe/));
  await press(reader, "button:text-is(\"Unsubscribe\")");
  await reader.locator("text=You are unsubscribed").waitFor();
};

try {
  await story();
  console.log("done");
} catch (error) {
  const [page] = browser.contexts().flatMap((context) => context.pages()).slice(-1);
  console.log(`stuck: ${error.message.replaceAll("\n", " ")} at ${page?.url()}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
process.exit();
