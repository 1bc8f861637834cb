"use strict";
// Draws every chart from the rows that stand in the page once, and tells how many are drawn.
const root = document.documentElement;
const troubles = [];
const tell = (trouble) => { troubles.push(String(trouble)); root.dataset.troubles = troubles.join("\n"); };
addEventListener("error", (event) => tell(event.message));
addEventListener("unhandledrejection", (event) => tell(event.reason));
addEventListener("securitypolicyviolation", (event) => tell(`refused ${event.blockedURI}`));

const page = JSON.parse(document.getElementById("page").textContent);

function rowsOf(columns) {
  const read = Object.entries(columns).map(([name, column]) => {
    if (Array.isArray(column)) return [name, column];
    const words = column.words ?? column.days.map((day) => {
      const [year, month, date] = day.split("-").map(Number);
      return new Date(year, month - 1, date);  // the reader's midnight: no zone moves the day
    });
    return [name, column.codes.map((code) => (code < 0 ? null : words[code]))];
  });
  return read[0][1].map((_, place) => Object.fromEntries(read.map(([name, c]) => [name, c[place]])));
}

function fitted(spec, width) {
  const { panel } = spec.usermeta;
  if (panel) {
    spec.columns = Math.max(2, Math.floor(width / panel));
    spec.spec.width = Math.floor(width / spec.columns) - 52;
    spec.facet.header.labelLimit = spec.spec.width + 40;
  }
  return spec;
}

async function draw(plot) {
  const spec = structuredClone(page.specs[plot.id]);
  spec.datasets = { ...spec.datasets, [spec.usermeta.rows]: rowsOf(page.rows[spec.usermeta.rows]) };
  await vegaEmbed(plot, fitted(spec, plot.clientWidth), {
    actions: false,
    renderer: "svg",
    config: page.config,
    tooltip: { disableDefaultStyle: true },
  });
}

async function drawAll() {
  root.dataset.drawn = 0;
  for (const plot of document.querySelectorAll(".plot")) {
    try { await draw(plot); root.dataset.drawn++; } catch (trouble) { tell(trouble); }
    await new Promise((next) => setTimeout(next));  // a chart at a time: the page can be read meanwhile
  }
  root.dataset.done = "";
}

let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  for (const plot of document.querySelectorAll(".plot")) if (page.specs[plot.id].usermeta.panel) draw(plot);
});
drawAll();
