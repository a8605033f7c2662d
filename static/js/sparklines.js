// The last minutes of lag and pending on each group's card, from the history the monitor keeps.

import { el, svg } from "./dom.js";
import { count } from "./format.js";

const SPAN_MS = 15 * 60 * 1000;
const EVERY_MS = 10000;
const WIDTH = 240, HEIGHT = 36;
const rows = document.getElementById("rows");
const drawn = new Map();

// One figure as a path; a bucket that is unknown is a gap.
export function path(times, values, from, most) {
  let pen = "M";
  return values.map((value, i) => {
    if (value === null) { pen = "M"; return ""; }
    const x = ((times[i] - from) / SPAN_MS) * WIDTH, y = HEIGHT - 2 - (value / most) * (HEIGHT - 6);
    const step = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
    return step;
  }).join("");
}

function sparkline(name, times, values, from) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(1, ...known);
  const label = `${name}, most ${known.length ? count(Math.max(...known)) : "unknown"} in 15 min`;
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  drawing.append(svg("path", { d: path(times, values, from, most), class: "spark" }));
  return el("div", { class: "sparkline" }, el("span", { class: "quiet" }, label), drawing);
}

async function load(place) {
  const url = new URL(place.dataset.history, location.href);
  const now = Date.now();
  url.search = new URLSearchParams({ from: now - SPAN_MS, to: now, points: 180 });
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return;
    const { t, figures } = await answer.json();
    drawn.set(place.dataset.history, ["lag", "pending"].filter((name) => figures[name]).map((name) => sparkline(name === "lag" ? "Lag" : "Pending", t, figures[name].max, now - SPAN_MS)));
    place.replaceChildren(...drawn.get(place.dataset.history));
  } catch { /* the card stays without: its figures are what counts */ }
}

// Cards are drawn anew by the server every second: put the lines back at once, ask for new ones seldom.
const restore = () => { for (const place of rows.querySelectorAll("[data-history]")) place.replaceChildren(...(drawn.get(place.dataset.history) || [])); };
const visible = (place) => { const box = place.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; };
const ask = () => { if (!document.hidden) for (const place of rows.querySelectorAll("[data-history]")) if (visible(place)) load(place); };

rows.addEventListener("refreshed", restore);
ask();
setInterval(ask, EVERY_MS);
