// A page drawn by the server refreshes its part with id "rows", unless somebody is at work in it.

const rows = document.getElementById("rows");
const state = document.getElementById("state");
let freshAt = Date.now();
let busy = false;

function localTimes() {
  for (const time of document.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleString([], { hour12: false });
}

const isInUse = () =>
  document.hidden || rows.contains(document.activeElement) || rows.querySelector("details[open], input:checked") ||
  (!getSelection().isCollapsed && rows.contains(getSelection().anchorNode));

async function refresh() {
  if (busy) return;
  if (isInUse()) return say("held while you read");
  busy = true;
  const url = new URL(location.href);
  url.searchParams.set("fragment", "1");
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isInUse()) return;
    rows.replaceChildren(...drawn.body.childNodes);
    localTimes();
    rows.dispatchEvent(new Event("refreshed"));
    freshAt = Date.now();
    say("live");
  } catch {
    say(`stale since ${new Date(freshAt).toLocaleTimeString([], { hour12: false })}`);
  } finally {
    busy = false;
  }
}

function say(text) {
  if (state.textContent !== text) state.textContent = text;
  state.dataset.state = text.startsWith("stale") ? "stale" : "live";
}

if (rows) {
  localTimes();
  setInterval(refresh, Number(rows.dataset.every || 1500));
}
