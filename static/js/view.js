// What the person chose to see: window, filter, sensors, a span held. Kept in the address, so that a link shows the same.

const WINDOWS_MS = [60000, 300000, 900000, 3600000, 21600000, 86400000, 604800000, 2592000000];
const USUAL_MS = 900000;
const RATES_HZ = [1, 2, 4, 10];
const USUAL_HZ = 4;

export class View {
  constructor() {
    const query = new URLSearchParams(location.search);
    const window = Number(query.get("window"));
    this.isChosen = WINDOWS_MS.includes(window);
    this.windowMs = this.isChosen ? window : USUAL_MS;
    this.filter = query.get("filter") || "";
    this.chosen = new Set(query.getAll("sensor"));
    this.hidden = new Set(query.getAll("hide"));
    const hz = Number(query.get("hz"));
    this.hz = RATES_HZ.includes(hz) ? hz : USUAL_HZ;
    this.utc = query.has("utc");
    const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
    this.frozen = from > 0 && from < to ? [from, to] : null;
    this.waiting = 0;
  }

  save() {
    const query = this.query(this.frozen);
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  }

  // A link to exactly what is seen now, also when it is opened later.
  link(span) {
    return `${location.origin}${location.pathname}?${this.query(span)}`;
  }

  query(held) {
    const query = new URLSearchParams();
    if (this.isChosen) query.set("window", this.windowMs);
    if (this.filter) query.set("filter", this.filter);
    for (const sensor of this.chosen) query.append("sensor", sensor);
    for (const sensor of this.hidden) query.append("hide", sensor);
    if (this.hz !== USUAL_HZ) query.set("hz", this.hz);
    if (this.utc) query.set("utc", "1");
    if (held) {
      query.set("from", Math.floor(held[0]));
      query.set("to", Math.ceil(held[1]));
    }
    return query;
  }

  hide(sensor, isHidden) {
    this.hidden[isHidden ? "add" : "delete"](sensor);
    this.save();
  }

  set(what) {
    Object.assign(this, what);
    this.save();
  }

  // Of a stream that has only just begun, the shortest window that shows all of it; once, and none that was chosen.
  fit(ageMs) {
    if (!this.isChosen && !this.isFitted) this.windowMs = WINDOWS_MS.find((ms) => ms >= Math.min(ageMs, USUAL_MS));
    this.isFitted = true;
  }

  // Another window, up to now.
  look(windowMs) {
    this.isChosen = true;
    this.windowMs = windowMs;
    this.follow();
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
    this.save();
  }

  follow() {
    this.frozen = null;
    this.waiting = 0;
    this.save();
  }

  // Look at the span before or after (-1, 1); past now there is nothing: then follow again.
  step(direction, now) {
    const [from, to] = this.frozen || [now - this.windowMs, now];
    const by = direction * (to - from) * 0.75;
    if (to + by >= now) this.follow();
    else this.freeze(from + by, to + by);
  }

  // What is held, else the whole window up to now, also while there is less to see of it.
  span(now) {
    return this.frozen ?? [now - this.windowMs, now];
  }
}
