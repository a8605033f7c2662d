// Which sensors are charted: the chosen ones, else those that the filter lets pass, in the order of their names, as many as
// can be drawn; and what the server is asked to send for that.

import { byName } from "./format.js";

// Unasked so many sensors are charted; of those that somebody filtered or chose, as many as the server sends.
const MOST_CHARTED = 60, MOST_CHOSEN = 1000;
const LONGEST_REQUEST = 60000;
const REQUEST_EVERY_MS = 300;

export class Selection {
  // `mostUnasked`: so many sensors the server sends to everybody.
  constructor(store, view, fields, mostUnasked) {
    Object.assign(this, { store, view, fields, mostUnasked, known: { key: "", names: [] }, askedAt: 0 });
    this.forget();
  }

  // Those of the last minutes. Sorting many names takes longer than drawing them: done when there are others.
  names() {
    const key = JSON.stringify([this.store.sensors.size, this.view.filter, this.fields.labels]);
    if (key !== this.known.key) this.known = { key, names: this.inOrder([...this.store.sensors.keys()]) };
    return this.known.names;
  }

  // Those to chart, and how many there would be; `others` are in the past only.
  charted(names, others = []) {
    const every = others.length ? this.inOrder([...new Set([...names, ...others])]) : names;
    const chosen = every.filter((name) => this.view.chosen.has(name));
    const wanted = chosen.length ? chosen : every;
    return [wanted.slice(0, chosen.length || this.view.filter ? MOST_CHOSEN : MOST_CHARTED), wanted.length];
  }

  // Of the past by name only where somebody chose or there are many: sensors that are silent by now are part of it too.
  ofPast(names, charted) {
    if (this.view.chosen.size) return [...this.view.chosen].filter((name) => this.isWanted(name)).sort(byName).slice(0, MOST_CHARTED);
    return names.length > MOST_CHARTED ? charted : [];
  }

  // Where there are more sensors than the server sends unasked, those that are charted are asked for.
  request(charted, live) {
    const wanted = this.store.sensors.size > this.mostUnasked ? [...charted].sort() : null;
    while (wanted && JSON.stringify(wanted).length > LONGEST_REQUEST) wanted.length = Math.floor(wanted.length * 0.9);
    const key = JSON.stringify(wanted);
    if (key === this.asked || Date.now() - this.askedAt < REQUEST_EVERY_MS || !live.select(wanted)) return;
    [this.asked, this.askedAt] = [key, Date.now()];
    this.store.keep(wanted);
  }

  // A new connection has asked for nothing yet.
  forget() {
    this.asked = "null";
  }

  isWanted(name) {
    return this.view.passes(name) || this.view.passes(this.fields.label(name));
  }

  inOrder(names) {
    return names.filter((name) => this.isWanted(name)).sort((a, b) => byName(this.fields.label(a), this.fields.label(b)));
  }
}
