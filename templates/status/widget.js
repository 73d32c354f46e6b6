// Shows how a status page is, where this script stands: a link with a dot and a word.
(() => {
  const page = {{ page }}, badge = {{ badge }};
  const script = document.currentScript;
  const host = document.createElement("span");
  const root = host.attachShadow({ mode: "open" });
  const link = document.createElement("a");
  link.href = page;
  link.rel = "noopener";
  const dot = document.createElement("i"), text = document.createElement("span");
  link.append(dot, text);
  const look = new CSSStyleSheet();
  look.replaceSync(`
    a { display: inline-flex; align-items: center; gap: .5em; padding: .3em .75em; border: 1px solid #8886; border-radius: 99px; font: 500 13px/1.4 system-ui, sans-serif; color: inherit; text-decoration: none }
    a:hover { text-decoration: underline }
    a:focus-visible { outline: 2px solid; outline-offset: 2px }
    i { width: .7em; height: .7em; border-radius: 50%; background: var(--c, #8a83ad) }
    i.degraded { border-radius: 0; clip-path: polygon(50% 0, 100% 100%, 0 100%) }
    i.down { border-radius: 1px }
    i.unknown { transform: rotate(45deg) scale(.8); border-radius: 0 }`);
  root.adoptedStyleSheets = [look];
  root.append(link);
  const show = (label, word, color) => {
    text.textContent = label ? `${label}: ${word}` : word;
    dot.className = word;
    if (color) dot.style.setProperty("--c", color);
  };
  const ask = () => {
    if (document.hidden) return;
    fetch(badge, { credentials: "omit" })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject()))
      .then((state) => show(state.label, state.message, state.color))
      .catch(() => show("", "status", ""));
  };
  show("", "status", "");
  const place = document.getElementById(script?.dataset.into ?? "");
  if (place) place.append(host);
  else if (script) script.after(host);
  ask();
  setInterval(ask, 60000);
})();
