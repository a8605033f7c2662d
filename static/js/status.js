// What the page says about itself: the connection in words, a banner while Redis is away, and who is silent.

import { el, setText } from "./dom.js";
import { clock, duration } from "./format.js";

const MONITOR_SILENT_MS = 5000;
const WORKER_SILENT_MS = 10000;
const NOTICE_MS = 15000;
// A short break is told beside the name; after a longer one, figures that once said "now" say it no more.
const FROM_THEN_MS = 5000;

export class Status {
  constructor(state, banner, notices) {
    Object.assign(this, { state, banner, notices, redis: null, metricsAt: Date.now(), frameAt: Date.now(), added: null, addedAt: 0, behind: 0 });
  }

  connection(state) {
    const words = {
      waiting: () => "connecting…",
      live: () => (this.redis?.redis === "down" ? "connected, but Redis is away" : this.behind ? `reading the log: ${duration(Math.round(this.behind / 1000) * 1000)} behind` : "live"),
      reconnecting: ({ at, since, why }) => (why ? `${why}; ` : "") + (at > Date.now() ? `reconnecting in ${Math.ceil((at - Date.now()) / 1000)} s` : "reconnecting now") + (since ? `; nothing new since ${clock(since)}` : ""),
      stale: ({ since }) => `stale since ${clock(since)}`,
      refused: ({ text }) => text || "refused",
    };
    setText(this.state, words[state.kind](state));
    this.state.dataset.state = state.kind === "live" && this.redis?.redis === "down" ? "stale" : state.kind;
    this.say(state);
  }

  // The first figures after connecting may be old ones: their age counts, not their arrival.
  takeMetrics(metrics, ageMs) {
    this.metricsAt = Date.now() - Math.max(0, ageMs);
    const added = metrics.stream?.entries_added ?? null;
    if (added !== this.added) [this.added, this.addedAt] = [added, Date.now()];
    this.problem = metrics.problem;
  }

  takeFrame() {
    this.frameAt = Date.now();
  }

  takeState(state) {
    if (state.redis === "up" && this.redis?.redis === "down") this.metricsAt = Date.now();
    this.redis = state;
  }

  say(state) {
    const text = this.sentence(state);
    this.banner.hidden = !text;
    if (text) setText(this.banner, text);
  }

  sentence(state) {
    const now = Date.now();
    if (state.kind === "refused") return `This page cannot show the stream: ${state.text || "the server refused"}.`;
    const isFromThen = state.since && now - state.since > FROM_THEN_MS;
    // Of Redis only a server that speaks can tell.
    if (this.redis?.redis === "down" && !isFromThen) {
      return `${this.redis.text}. Away for ${duration(Math.floor(Math.max(0, now - this.redis.since) / 1000) * 1000 || 1000)}; below are the last known values.`;
    }
    if (isFromThen) return `Nothing was heard since ${clock(state.since)}: all below is from then.`;
    if (state.kind !== "live") return "";
    if (this.problem) return `This key cannot be watched: ${this.problem}.`;
    const silent = now - this.metricsAt;
    if (silent > MONITOR_SILENT_MS) return `No health figures for ${duration(Math.floor(silent / 1000) * 1000)}: is manage.py monitor running?`;
    if (!this.behind && now - this.frameAt > WORKER_SILENT_MS && this.addedAt > this.frameAt + 3000 && now - this.addedAt < WORKER_SILENT_MS) {
      return `Entries arrive, but no readings for ${duration(Math.floor((now - this.frameAt) / 1000) * 1000)}: is manage.py consume running?`;
    }
    return "";
  }

  notice({ text, actor, link, level }) {
    const said = actor ? `${actor}: ${text}` : text;
    const item = el("li", { class: level }, link ? el("a", { href: link.startsWith("/") ? link : null }, said) : said);
    this.notices.hidden = false;
    this.notices.prepend(item);
    setTimeout(() => {
      item.remove();
      this.notices.hidden = !this.notices.children.length;
    }, NOTICE_MS);
  }
}
