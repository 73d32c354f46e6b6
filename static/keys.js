// The keys of the list of monitors: they move the focus and press what is there already. Whoever
// does not want them, as they dictate or miss keys, switches them off in the dialog.
const dialog = document.getElementById("keys");
const rows = () => [...document.querySelectorAll("li.row")];
const search = document.querySelector("input[type=search]");
const open = document.querySelector(".keys-open");
const wish = dialog.querySelector("input");
const isOff = () => localStorage.getItem("keys") === "off";

const move = (by) => {
  const all = rows();
  const at = all.indexOf(document.activeElement.closest("li.row"));
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.querySelector(".name").focus();
  next?.scrollIntoView({ block: "nearest" });
};
const here = (selector) => document.activeElement.closest("li.row")?.querySelector(selector)?.click();
const show = () => {
  wish.checked = !isOff();
  dialog.showModal();
};

const deeds = {
  "/": () => search?.focus(),
  "?": show,
  j: () => move(1),
  k: () => move(-1),
  o: () => here(".name"),
  x: () => here(".pick input"),
};

document.addEventListener("keydown", (event) => {
  const deed = Object.hasOwn(deeds, event.key) && deeds[event.key];
  if (!deed || isOff() || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("textarea, select, input:not([type=checkbox])")) return;
  event.preventDefault();
  deed();
});
wish.addEventListener("change", () => localStorage.setItem("keys", wish.checked ? "on" : "off"));
if (open) {
  open.hidden = false;
  open.addEventListener("click", show);
}

// How many are ticked, said aloud as it changes.
const tell = () => {
  const ticked = document.querySelectorAll(".pick input:checked").length;
  for (const count of document.querySelectorAll("[data-count]"))
    count.textContent = ticked ? `${ticked} chosen` : "";
};
document.addEventListener("change", (event) => event.target.closest(".pick") && tell());
addEventListener("pageshow", tell);
