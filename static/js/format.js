// How figures are written; dashboard/templatetags/streamwatch.py writes the same words for the first paint.

const STEPS = [["d", 86400000], ["h", 3600000], ["min", 60000], ["s", 1000]];
const counts = new Intl.NumberFormat("en-US");
const rates = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function duration(ms) {
  if (ms === null || ms === undefined) return "unknown";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const parts = [];
  let rest = ms;
  for (const [unit, size] of STEPS) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n || parts.length) parts.push(n ? `${n} ${unit}` : "");
  }
  return parts.slice(0, 2).filter(Boolean).join(" ");
}

// For ages that tick on the page: whole seconds, so that the words do not flicker.
export function age(ms) {
  return ms === null || ms === undefined ? "unknown" : ms < 1500 ? "now" : `${duration(Math.round(ms / 1000) * 1000)} ago`;
}

export const count = (n) => (n === null || n === undefined ? "unknown" : counts.format(n));
export const rate = (n) => (n === null || n === undefined ? "unknown" : `${rates.format(n)}/s`);

// A reading, with so many decimals, or as many as it takes up to three.
export function reading(n, decimals = null) {
  if (n === null || n === undefined) return "unknown";
  return decimals === null ? String(Math.round(n * 1000) / 1000) : n.toFixed(decimals);
}

// A field's value with its unit.
export const valued = (n, { decimals, unit }) => (n === null || n === undefined ? "–" : `${reading(n, decimals)} ${unit}`.trim());

export function lag(group) {
  if (group.lag === null) return `unknown: ${group.lag_reason || "the server does not say"}`;
  return (group.lag_quality === "exact" ? "" : `${group.lag_quality} `) + counts.format(group.lag);
}

export function inactive(consumer) {
  if (consumer.never_active) return "never got an entry";
  return consumer.inactive_ms === null ? "unknown before Redis 7.2" : duration(consumer.inactive_ms);
}

// Making one of these takes far longer than using it.
let zone, minutes, seconds, day, dayOf, marks;

// Times are the browser's, or UTC.
export function useUtc(isUtc) {
  zone = isUtc ? "UTC" : undefined;
  const writes = (options) => new Intl.DateTimeFormat([], { hourCycle: "h23", timeZone: zone, ...options });
  minutes = writes({ hour: "2-digit", minute: "2-digit" });
  seconds = writes({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  day = writes({ day: "numeric", month: "short" });
  dayOf = writes({ dateStyle: "short" });
  marks = { key: "", words: [] };
}
useUtc(false);

export const clock = (ms, withSeconds = true) => (withSeconds ? seconds : minutes).format(ms);

// The marks on a time axis that are `step` ms apart. All charts of a page ask for the same ones, at each drawing.
export function ticks(times, step) {
  const key = `${times[0]} ${times.length} ${step}`;
  if (key !== marks.key) marks = { key, words: times.map((t) => tick(t, step)) };
  return marks.words;
}

export function tick(ms, step) {
  const date = new Date(ms);
  const [hour, minute] = zone ? [date.getUTCHours(), date.getUTCMinutes()] : [date.getHours(), date.getMinutes()];
  return step >= 86400000 || (step >= 3600000 && !hour && !minute) ? day.format(ms) : clock(ms, step < 60000);
}

// A point in time: with its date when that is not today's.
export function moment(ms) {
  const isToday = dayOf.format(ms) === dayOf.format(Date.now());
  return `${isToday ? "" : `${day.format(ms)} `}${clock(ms)}${zone ? " UTC" : ""}`;
}

// Sensor 9 comes before sensor 10.
export const byName = new Intl.Collator("en", { numeric: true }).compare;
