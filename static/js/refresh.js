// A page drawn by the server refreshes its part with id "rows", unless somebody is at work in it.

const rows = document.getElementById("rows");
const state = document.getElementById("state");
let freshAt = Date.now();
const pause = document.getElementById("pause");
let busy = false;
let paused = false;

function localTimes() {
  for (const time of document.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleString([], { hour12: false });
}

const isInUse = () =>
  document.hidden || rows.contains(document.activeElement) || rows.querySelector("details[open], input:checked") ||
  (!getSelection().isCollapsed && rows.contains(getSelection().anchorNode));

async function refresh() {
  if (busy) return;
  if (!paused && isInUse()) return say("held while you read");
  busy = true;
  const url = new URL(location.href);
  url.searchParams.set("fragment", "1");
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (paused) return say(`paused${waiting(drawn)}`);
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

// How many rows came above the one that was the first when the page was paused.
function waiting(drawn) {
  const first = rows.querySelector("tbody .id")?.textContent;
  const ids = Array.from(drawn.querySelectorAll("tbody .id"), (cell) => cell.textContent);
  const count = ids.includes(first) ? ids.indexOf(first) : ids.length;
  return count ? `, ${ids.includes(first) ? "" : "at least "}${count} new` : "";
}

function toggle() {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  say(paused ? "paused" : "live");
  if (!paused) refresh();
}

function say(text) {
  if (state.textContent !== text) state.textContent = text;
  state.dataset.state = text.startsWith("stale") ? "stale" : text.startsWith("paused") ? "paused" : "live";
}

if (pause) {
  pause.hidden = false;
  pause.addEventListener("click", toggle);
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("input, textarea, select, button, a, summary")) return;
    event.preventDefault();
    toggle();
  });
}

if (rows) {
  localTimes();
  setInterval(refresh, Number(rows.dataset.every || 1500));
}
