// What the person chose to see: window, filter, sensors, pause. Kept in the address, so that a link shows the same.

const SHORTEST_MS = 60000;

export class View {
  constructor() {
    const query = new URLSearchParams(location.search);
    const window = Number(query.get("window"));
    this.windowMs = [60000, 300000, 900000].includes(window) ? window : 900000;
    this.filter = query.get("filter") || "";
    this.chosen = new Set(query.getAll("sensor"));
    this.frozen = null;
    this.waiting = 0;
  }

  save() {
    const query = new URLSearchParams();
    if (this.windowMs !== 900000) query.set("window", this.windowMs);
    if (this.filter) query.set("filter", this.filter);
    for (const sensor of this.chosen) query.append("sensor", sensor);
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  }

  toggle(sensor) {
    if (!this.chosen.delete(sensor)) this.chosen.add(sensor);
    this.save();
  }

  passes(name) {
    return name.toLowerCase().includes(this.filter.toLowerCase());
  }

  // Hold the charts at [from, to]; what arrives meanwhile is counted.
  freeze(from, to) {
    if (!this.frozen) this.waiting = 0;
    this.frozen = [from, to];
  }

  follow() {
    this.frozen = null;
    this.waiting = 0;
  }

  // The window up to now; while there is less to see, from where that begins.
  span(now, oldest) {
    if (this.frozen) return this.frozen;
    return [Math.max(now - this.windowMs, Math.min(oldest ?? now, now - SHORTEST_MS)), now];
  }
}
