// A picture of a field's charts, as they are drawn, with what they show written above and beside them.

import { colour, ink } from "./colours.js";
import { DASHES } from "./lines.js";

const MARGIN = 16, TITLE = 26, LINE = 20, SAMPLE = 28;

// Every chart of a panel, those out of sight too.
export function download(panel) {
  const { field, plots, how } = panel, [, from, to] = panel.drawn;
  const before = plots.map(({ visible }) => visible);
  for (const plot of plots) plot.visible = true;
  panel.drawPlots();
  // uPlot paints at the end of the task.
  setTimeout(() => {
    save(`${how.title}: ${field.label}${field.unit ? `, ${field.unit}` : ""}`, plots, from, to, how);
    plots.forEach((plot, i) => (plot.visible = before[i]));
  });
}

function save(title, plots, from, to, how) {
  const canvas = paint(title, plots, from, to, how);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${title.replace(/[^\w-]+/g, "-")}-${new Date(from).toISOString().replace(/[:.]/g, "")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

function paint(title, plots, from, to, how) {
  const ratio = devicePixelRatio;
  const box = plots[0].figure.parentElement.getBoundingClientRect();
  const { small: isSmall, sensors: all, looks } = plots[0];
  const legend = isSmall ? [] : all.map((sensor, i) => [sensor, looks[i]]).filter(([sensor]) => !how.isHidden(sensor));
  const canvas = document.createElement("canvas");
  canvas.width = (box.width + 2 * MARGIN) * ratio;
  canvas.height = (box.height + 2 * MARGIN + 2 * TITLE + LINE * legend.length) * ratio;
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  c.fillStyle = ink("--card");
  c.fillRect(0, 0, canvas.width, canvas.height);
  write(c, title, MARGIN, MARGIN + 14, ink("--ink"), "600 16px system-ui, sans-serif");
  write(c, `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`, MARGIN, MARGIN + 36, ink("--quiet"));
  for (const { figure, uplot, sensors, small } of plots) {
    const at = figure.getBoundingClientRect(), [x, y] = [at.left - box.left + MARGIN, at.top - box.top + MARGIN + 2 * TITLE];
    if (small) write(c, how.label(sensors[0]), x, y + 12, ink("--ink"), "600 12px system-ui, sans-serif");
    const drawn = uplot.ctx.canvas, place = drawn.getBoundingClientRect();
    c.drawImage(drawn, x, place.top - box.top + MARGIN + 2 * TITLE, place.width, place.height);
  }
  legend.forEach(([sensor, look], i) => {
    const y = box.height + MARGIN + 2 * TITLE + LINE * (i + 0.7);
    sample(c, look, MARGIN, y - 4);
    write(c, how.label(sensor), MARGIN + SAMPLE + 8, y, ink("--ink"));
  });
  return canvas;
}

// A piece of the i-th line.
function sample(c, i, x, y) {
  c.beginPath();
  Object.assign(c, { strokeStyle: colour(i), lineWidth: 2 }).setLineDash(DASHES[i]);
  c.moveTo(x, y);
  c.lineTo(x + SAMPLE, y);
  c.stroke();
}

function write(c, text, x, y, ink, font = "13px system-ui, sans-serif") {
  Object.assign(c, { fillStyle: ink, font });
  c.fillText(text, x, y);
}
