// The pending page refreshes its rows, unless somebody is at work in them.

const EVERY_MS = 1500;
const rows = document.getElementById("rows");
const state = document.getElementById("state");
let freshAt = Date.now();

function localTimes() {
  for (const time of document.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleString([], { hour12: false });
}

const isInUse = () =>
  document.hidden || rows.contains(document.activeElement) || rows.querySelector("details[open]") ||
  (!getSelection().isCollapsed && rows.contains(getSelection().anchorNode));

async function refresh() {
  if (isInUse()) return say("held while you read");
  const url = new URL(location.href);
  url.searchParams.set("fragment", "1");
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isInUse()) return;
    rows.replaceChildren(...drawn.body.childNodes);
    localTimes();
    freshAt = Date.now();
    say("live");
  } catch {
    say(`stale since ${new Date(freshAt).toLocaleTimeString([], { hour12: false })}`);
  }
}

function say(text) {
  if (state.textContent !== text) state.textContent = text;
  state.dataset.state = text.startsWith("stale") ? "stale" : "live";
}

if (rows) {
  localTimes();
  setInterval(refresh, EVERY_MS);
}
