// Many sensors at a glance: a cell for each, the worst first, coloured by how it is; a click chooses it.

import { el } from "./dom.js";
import { count } from "./format.js";

// The more sensors, the smaller their cells: they should fit on a screen.
const cellOf = (n) => (n > 3000 ? 6 : n > 1000 ? 8 : 12);
const COLOURS = { stale: "--quiet", bad: "--bad", warning: "--warn", good: "--good" };

export const stateOf = ({ silent, worst }) => (silent ? "stale" : ["good", "warning", "bad"][worst]);

// How many cells fit in a row, and how high so many cells are.
export function grid(n, width) {
  const cell = cellOf(n), across = Math.max(1, Math.floor(width / cell));
  return { cell, across, height: Math.ceil(n / across) * cell };
}

// The index of the cell at a point; -1 beside them all.
export function cellAt(x, y, n, width) {
  const { cell, across } = grid(n, width);
  const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
  const i = row * across + column;
  return column < across && i < n ? i : -1;
}

// "8,312 sensors: 3 bad, 12 stale".
export function summary(rows) {
  const tally = { bad: 0, warning: 0, stale: 0 };
  for (const row of rows) if (stateOf(row) in tally) tally[stateOf(row)]++;
  const parts = Object.entries(tally).filter(([, n]) => n).map(([state, n]) => `${count(n)} ${state}`);
  return `${count(rows.length)} sensors: ${parts.length ? parts.join(", ") : "all good"}`;
}

export class HeatMap {
  constructor(section, ink, onToggle) {
    Object.assign(this, { section, ink, rows: [] });
    this.canvas = el("canvas", { role: "img" });
    this.words = section.querySelector("[data-summary]");
    this.canvas.addEventListener("click", (event) => this.over(event) && onToggle(this.over(event).name));
    this.canvas.addEventListener("mousemove", (event) => this.tell(event));
  }

  over({ offsetX, offsetY }) {
    return this.rows[cellAt(offsetX, offsetY, this.rows.length, this.canvas.clientWidth)];
  }

  tell(event) {
    const row = this.over(event);
    this.canvas.title = row ? `${row.label}: ${stateOf(row)}` : "";
  }

  draw(rows, chosen) {
    if (this.section.hidden) this.section.append(this.canvas);
    this.section.hidden = false;
    this.rows = rows;
    this.words.textContent = summary(rows);
    const width = this.section.clientWidth - 28, { cell, across, height } = grid(rows.length, width), side = cell - (cell > 8 ? 2 : 1), hole = Math.floor(side / 3);
    const c = this.size(across * cell, height);
    const inks = Object.fromEntries(Object.entries(COLOURS).map(([state, name]) => [state, this.ink(name)]));
    const edge = this.ink("--ink");
    rows.forEach((row, i) => {
      const [x, y] = [(i % across) * cell, Math.floor(i / across) * cell];
      c.fillStyle = inks[stateOf(row)];
      c.fillRect(x, y, side, side);
      if (chosen.has(row.name)) Object.assign(c, { strokeStyle: edge, lineWidth: 2 }).strokeRect(x, y, side, side);
      else if (row.silent) c.clearRect(x + hole, y + hole, side - 2 * hole, side - 2 * hole); // a ring: told apart without colours
    });
    this.canvas.setAttribute("aria-label", this.words.textContent);
  }

  size(width, height) {
    const ratio = devicePixelRatio;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    const c = this.canvas.getContext("2d");
    c.scale(ratio, ratio);
    return c;
  }
}
