// Keeps a page live: hears which fragments changed, fetches them from the server, replaces them.
// It owns no state and builds no HTML; without it the page reloads itself once a minute.
const live = () => [...document.querySelectorAll("[data-live]")];
const late = new Set();

const isBusy = (element) =>
  element.matches(":focus-within") || element.querySelector("details.menu[open]");

const refresh = async (element) => {
  if (isBusy(element)) return late.add(element);
  const answer = await fetch(element.dataset.live, { headers: { accept: "text/html" } });
  // Whoever is logged out meanwhile is led to the log-in page: the whole page, not this piece of it.
  if (answer.redirected) return location.reload();
  if (answer.status === 404) return element.remove();
  if (!answer.ok || !element.isConnected) return;
  if (isBusy(element)) return late.add(element);
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  const next = fresh.content.firstElementChild;
  if (!next) return;
  const isMoved = element.className !== next.className && element.matches(".row");
  // What somebody has ticked stays ticked.
  for (const ticked of element.querySelectorAll(".pick input:checked"))
    for (const box of next.querySelectorAll(".pick input")) box.checked ||= box.value === ticked.value;
  element.replaceWith(next);
  if (isMoved) hear("order");
};

const hear = (names) => {
  const changed = new Set(names.split(" "));
  for (const element of live())
    if (element.dataset.on.split(" ").some((name) => changed.has(name)))
      refresh(element).catch(() => {});
};

const reach = (wait) => {
  const source = new EventSource("/live");
  let opened = false;
  source.onopen = () => {
    // What changed while nobody listened is unknown: fetch all of it again.
    if (opened || wait > 1) live().forEach((element) => refresh(element).catch(() => {}));
    opened = true;
  };
  source.onmessage = (event) => hear(event.data);
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    // Where the session is over, one piece of the page leads to the log-in page.
    for (const element of live().slice(0, 1)) refresh(element).catch(() => {});
    setTimeout(() => reach(Math.min(wait * 2, 60)), wait * 1000);
  };
  addEventListener("pagehide", () => source.close(), { once: true });
};

// Where nothing can be read or nothing is checked, nothing changes: then an open page says that it
// is old. What was missed meanwhile is fetched when that is over.
const away = document.getElementById("away");
const look = async () => {
  if (document.hidden) return;
  // Only the status is asked for: proxies keep what else it says for machines inside.
  const isAway = (await fetch("/readyz", { method: "HEAD" })).status >= 500;
  if (away.hidden === isAway) away.hidden = !isAway;
  else return;
  if (!isAway) live().forEach((element) => refresh(element).catch(() => {}));
};

if (live().length) {
  reach(1);
  if (away) setInterval(() => look().catch(() => (away.hidden = false)), 30000);
  document.addEventListener("focusout", () => setTimeout(() => {
    for (const element of [...late])
      if (late.delete(element) && element.isConnected) refresh(element).catch(() => {});
  }, 300));
  addEventListener("pageshow", (event) => event.persisted && reach(2));
}

// Times since something happened grow older without asking the server. A page for the public may be a
// copy that somebody kept: how old it is, and by how much our clock is ahead, tells only a fresh answer.
const again = document.querySelector("[data-again]");
let seen = again?.innerHTML;
let ahead = again ? 0 : Date.now() - (Date.parse(document.body.dataset.now) || Date.now());

// It asks for all of itself, at once and then now and again, while somebody looks at it.
const ask = async (main) => {
  const isRead = () => document.hidden || main.querySelector(":focus");
  if (isRead()) return;
  const answer = await fetch(location, { headers: { accept: "text/html" }, cache: "no-cache" });
  if (answer.redirected) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) return;
  const told = Date.parse(answer.headers.get("date")) + 1000 * answer.headers.get("age");
  if (told) ahead = Date.now() - told;
  const fresh = page.querySelector("main");
  if (isRead() || fresh.innerHTML === seen) return;
  seen = fresh.innerHTML;
  main.replaceChildren(...fresh.children);
};
if (again) {
  ask(again).catch(() => {});
  setInterval(() => ask(again).catch(() => {}), again.dataset.again * 1000);
}

const words = (seconds) =>
  seconds < 1 ? "just now" : seconds < 60 ? `${seconds} s ago`
  : seconds < 3600 ? `${Math.floor(seconds / 60)} min ago`
  : seconds < 86400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86400)} d ago`;
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]"))
    time.textContent = words(Math.max(0, Math.floor((Date.now() - ahead - Date.parse(time.dateTime)) / 1000)));
}, 1000);
