// Goes on counting where the server stopped when it drew the page, and fills the bars.

const place = document.getElementById("survey");
const state = document.getElementById("survey-state");
const counted = { matched: 0, looked_at: 0, bars: { idle: [], deliveries: [] } };
const NAMES = { min_idle: "idle", min_deliveries: "deliveries" };
const text = (value) => value.toLocaleString("en");

function add(part) {
  counted.matched += part.matched;
  counted.looked_at += part.looked_at;
  for (const name of Object.values(NAMES)) {
    part[name].forEach((bar, i) => { counted.bars[name][i] = (counted.bars[name][i] ?? 0) + bar.count; });
  }
}

function show(total, over) {
  for (const histogram of place.querySelectorAll(".histogram")) {
    const counts = counted.bars[NAMES[histogram.dataset.name]];
    const largest = Math.max(1, ...counts);
    histogram.querySelectorAll("li").forEach((row, i) => {
      row.querySelector(".bar-count").textContent = text(counts[i]);
      row.querySelector("rect").setAttribute("width", String((100 * counts[i]) / largest));
    });
  }
  const at = new Date().toLocaleTimeString([], { hour12: false });
  state.textContent = over
    ? `${text(counted.matched)} match, of ${text(counted.looked_at)} counted at ${at}.`
    : `${text(counted.looked_at)} of ${text(total)} counted so far, ${text(counted.matched)} match.`;
}

async function count() {
  let after = "";
  do {
    const url = new URL(place.dataset.url, location.href);
    if (after) url.searchParams.set("after", after);
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const part = await answer.json();
    add(part);
    after = part.next_after;
    show(part.total, !after);
  } while (after);
}

if (place?.dataset.after) count().catch(() => { state.textContent += " Counting stopped: the server did not answer."; });
