// Draws the panels of the Grafana board from the results of their queries: data.json of picture_test.go.
"use strict";

const colors = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a", "#447ebc", "#c15c17"];
const thresholdColors = { green: "#73bf69", orange: "#ff9830", red: "#f2495c" };

const scaled = (value, units, base) => {
  let i = 0;
  while (Math.abs(value) >= base && i < units.length - 1) { value /= base; i++; }
  return `${Number(value.toPrecision(3))}${units[i]}`;
};

function seconds(value) {
  const size = Math.abs(value);
  for (const [unit, length] of [["years", 31557600], ["days", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    if (size >= length) return `${Number((value / length).toPrecision(3))} ${unit}`;
  }
  return size >= 0.001 || size === 0 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number((value * 1e6).toPrecision(3))} µs`;
}

const format = {
  s: seconds,
  percentunit: (value) => `${Number((value * 100).toPrecision(3))} %`,
  reqps: (value) => `${Number(value.toPrecision(3))} req/s`,
  ops: (value) => `${Number(value.toPrecision(3))} /s`,
  bytes: (value) => scaled(value, [" B", " KiB", " MiB", " GiB"], 1024),
  Bps: (value) => scaled(value, [" B/s", " kB/s", " MB/s", " GB/s"], 1000),
  none: (value) => `${Number(value.toPrecision(4))}`,
  short: (value) => scaled(value, ["", " K", " Mil"], 1000),
};

const element = (parent, name, text) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
};

// limits are the steps of a panel's thresholds that have a value.
const limits = (panel) => panel.Limits.filter((step) => step.Value !== null);

function colorOf(panel, value) {
  let color = "#ccccdc";
  if (limits(panel).length === 0) return color;
  for (const step of panel.Limits) {
    if (step.Value === null || value >= step.Value) color = thresholdColors[step.Color];
  }
  return color;
}

function drawNumber(article, panel) {
  article.className = "number";
  const box = element(article, "div");
  for (const series of panel.Series) {
    const value = series.Values.findLast((v) => v !== null);
    const text = element(box, "span", panel.Names ? series.Name : format[panel.Unit](value));
    text.style.color = colorOf(panel, value);
    if (!panel.Names && series.Name) element(box, "small", series.Name);
  }
}

function drawGraph(article, panel, times) {
  const height = 240 - 24 - 34 - 14;
  const series = panel.Series.map((s, i) => ({
    label: s.Name, stroke: colors[i % colors.length], width: 1, fill: colors[i % colors.length] + "18", points: { show: false },
  }));
  const axis = { stroke: "#9fa7b3", font: "11px sans-serif", grid: { stroke: "#2c3235", width: 1 }, ticks: { show: false } };
  const highest = Math.max(...panel.Series.flatMap((s) => s.Values.filter((v) => v !== null)), 0);
  const shown = limits(panel).filter((step) => step.Value <= highest * 3);
  const top = Math.max(highest, ...shown.map((step) => step.Value)) * 1.1 || 1;
  new uPlot({
    width: article.clientWidth - 16, height, legend: { show: false }, cursor: { show: false },
    scales: { y: { range: [0, top] } },
    axes: [{ ...axis, size: 24 }, { ...axis, size: 76, values: (_, ticks) => ticks.map(format[panel.Unit]) }],
    series: [{}, ...series],
    hooks: { draw: [(u) => drawLimits(u, shown)] },
  }, [times, ...panel.Series.map((s) => s.Values)], article);
  const legend = element(article, "div");
  legend.className = "legend";
  panel.Series.forEach((s, i) => {
    const entry = element(legend, "span");
    element(entry, "i").style.background = colors[i % colors.length];
    entry.append(s.Name);
  });
}

function drawLimits(u, steps) {
  for (const step of steps) {
    const y = u.valToPos(step.Value, "y", true);
    u.ctx.save();
    u.ctx.strokeStyle = thresholdColors[step.Color];
    u.ctx.setLineDash([6, 6]);
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, y);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
    u.ctx.stroke();
    u.ctx.restore();
  }
}

async function draw() {
  const { Times, Rows } = await (await fetch("data.json")).json();
  element(document.body, "h1", "Registrar");
  for (const row of Rows) {
    element(document.body, "h2", row.Title);
    const section = element(document.body, "section");
    for (const panel of row.Panels) {
      const article = element(section, "article");
      article.style.gridColumn = `span ${panel.Width}`;
      element(article, "h3", panel.Title);
      panel.Number ? drawNumber(article, panel) : drawGraph(article, panel, Times);
    }
  }
}

draw();
