// The stream's and the groups' cards, live.

import { bdi, el, svg } from "./dom.js";
import { age, count, duration, inactive, lag, rate } from "./format.js";

const SAMPLES = 900;
const WIDTH = 240, HEIGHT = 36;

export class Groups {
  constructor(root) {
    // Where the dead letters are to be seen, for those who may.
    const letters = root.querySelector("[data-letters]")?.dataset.letters;
    Object.assign(this, { root, letters, samples: new Map() });
  }

  takeHistory({ groups }) {
    for (const [name, figures] of Object.entries(groups)) {
      this.samples.set(name, figures.lag.map((value, i) => [value, figures.pending[i]]));
    }
  }

  // A card under the pointer or with the focus in it is left alone until it is let go of.
  draw(metrics) {
    for (const group of metrics.groups) this.remember(group);
    if (this.root.contains(document.activeElement)) return;
    this.root.replaceChildren(this.stream(metrics), ...metrics.groups.map((group) => this.group(metrics, group)), ...this.none(metrics));
  }

  remember(group) {
    const samples = this.samples.get(group.name) || [];
    samples.push([group.lag, group.pending]);
    this.samples.set(group.name, samples.slice(-SAMPLES));
  }

  stream({ stream, problem, dead_letters: letters }) {
    const card = el("section", { class: "card" }, el("h2", {}, "Stream"));
    if (!stream) card.append(el("p", { class: "empty" }, problem || "There is no stream of this name yet. It appears with its first entry."));
    else card.append(figures([["Length", count(stream.length)], ["In", rate(stream.in_per_s)], ["Last entry", stream.length ? age(stream.last_entry_ms) : "none"], ...this.deadLetters(letters)]));
    return card;
  }

  deadLetters(letters) {
    if (letters === 0) return [];
    return [["Dead letters", this.letters && letters ? el("a", { href: this.letters }, count(letters)) : count(letters)]];
  }

  none({ stream, groups }) {
    if (!stream || groups.length) return [];
    return [document.getElementById("no-groups").content.cloneNode(true)];
  }

  group(metrics, group) {
    const link = el("a", { href: `/streams/${encodeURIComponent(metrics.path)}/groups/${encodeURIComponent(group.path)}/pending/` }, count(group.pending));
    const page = `/streams/${encodeURIComponent(metrics.path)}/groups/${encodeURIComponent(group.path)}/`;
    const title = el("h2", {}, el("a", { href: page }, bdi(group.name || "(empty name)")));
    const verdict = group.verdict && el("p", { class: "verdict-line" }, el("span", { class: "verdict", "data-severity": group.severity }, group.verdict), ` ${group.reason}`);
    const card = el("section", { class: "card group", "data-group": group.name }, title, verdict);
    card.append(figures([
      ["Lag", hedged(group)], ["Pending", link], ["Behind", group.behind_ms === 0 ? "none" : duration(group.behind_ms)],
      ["Oldest pending", group.pending ? duration(group.oldest_pending_ms) : "none"],
      ["Delivered", rate(group.delivered_per_s)], ["Acked", rate(group.acked_per_s)],
    ]));
    const samples = this.samples.get(group.name);
    card.append(spark("Lag", samples.map(([value]) => value)), spark("Pending", samples.map(([, value]) => value)));
    card.append(group.consumers.length ? consumers(group.consumers) : el("p", { class: "empty" }, "No consumer has read from this group yet."));
    return card;
  }
}

// A lag that is no exact figure says why, to who points at it and to who has it read out.
function hedged(group) {
  if (group.lag === null || !group.lag_reason) return lag(group);
  const why = el("span", { class: "unseen" }, `: ${group.lag_reason}`);
  return el("span", {}, el("span", { class: "hedged", title: group.lag_reason }, lag(group)), why);
}

function figures(pairs) {
  return el("dl", { class: "figures" }, ...pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function consumers(rows) {
  const head = el("tr", {}, el("th", { scope: "col" }, "Consumer"), el("th", { scope: "col", class: "number" }, "Pending"), el("th", { scope: "col" }, "Idle"), el("th", { scope: "col" }, "Inactive"));
  const body = rows.map((row) => el("tr", {}, el("th", { scope: "row" }, bdi(row.name)), el("td", { class: "number" }, count(row.pending)), el("td", {}, duration(row.idle_ms)), el("td", {}, inactive(row))));
  return el("div", { class: "scroll" }, el("table", { class: "consumers" }, el("thead", {}, head), el("tbody", {}, ...body)));
}

// The last minutes of a figure; a sample that is unknown is a gap.
function spark(name, values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  const most = Math.max(1, ...known);
  const path = values.map((value, i) => (value === null || value === undefined ? "" : `${i && known.length && values[i - 1] !== null ? "L" : "M"}${((i / Math.max(1, values.length - 1)) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1)}`)).join("");
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${name} over the last ${duration(values.length * 1000)}, at most ${count(most)}` });
  drawing.append(svg("path", { d: path, class: "spark" }));
  return el("div", { class: "sparkline" }, el("span", { class: "quiet" }, `${name}, most ${known.length ? count(Math.max(...known)) : "unknown"}`), drawing);
}
