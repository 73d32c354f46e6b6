// Looks closer at the chart: dragging across it loads the page with that span of time. Says what is
// under the pointer, from the table that stands below. Without it the table has the same ways.
const figure = document.querySelector("[data-zoom]");

const begin = (figure) => {
  const { zoom, from, step, columns } = figure.dataset;
  const ground = figure.querySelector(".ground");
  const pick = figure.querySelector(".pick");
  const told = figure.querySelector("[data-told]");
  const chart = figure.querySelector(".chart");
  const hint = told.textContent;
  const heads = [...document.querySelectorAll("#latency-table thead th")].map((head) => head.textContent);
  const rows = [...document.querySelectorAll("#latency-table tbody tr")];
  let start = null;
  told.hidden = false;

  const place = (event) => {
    const box = ground.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(columns - 1, Math.max(0, Math.floor(share * columns)));
  };
  const show = (a, b) => {
    pick.setAttribute("x", (Math.min(a, b) / columns) * 720);
    pick.setAttribute("width", ((Math.abs(b - a) + 1) / columns) * 720);
  };
  const clear = () => {
    start = null;
    pick.setAttribute("width", 0);
    told.textContent = hint;
  };
  const words = (n) => {
    const cells = [...rows[n].cells].map((cell) => cell.textContent);
    return `${cells[0]}: ${heads.slice(2).map((head, at) => `${head} ${cells[at + 2]}`).join(", ")}`;
  };

  chart.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    start = place(event);
    chart.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  chart.addEventListener("pointermove", (event) => {
    const here = place(event);
    show(start ?? here, here);
    told.textContent = start === null || start === here ? words(here)
      : `${rows[Math.min(start, here)].cells[0].textContent} to the end of ${rows[Math.max(start, here)].cells[0].textContent}`;
  });
  chart.addEventListener("pointerup", (event) => {
    const [a, b] = [start, place(event)].sort((x, y) => x - y);
    const isDragged = start !== null && start !== place(event);
    start = null;
    if (!isDragged) return;
    const at = (n) => new Date(+from + n * step).toISOString().replace(".000", "");
    location.assign(`${zoom}&from=${at(a)}&until=${at(b + 1)}#latency`);
  });
  chart.addEventListener("pointerleave", () => start === null && clear());
  chart.addEventListener("pointercancel", clear);
  addEventListener("keydown", (event) => event.key === "Escape" && clear());
};

if (figure) begin(figure);
