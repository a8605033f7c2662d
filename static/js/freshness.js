// Says on every page when the monitor is not heard, and since when, and how many incidents are open; also in the admin.

const EVERY_MS = 3000;

// The chart page has a banner and a socket of its own.
let banner = document.getElementById("freshness") || document.getElementById("banner");
const isOurs = banner?.id !== "banner";
if (!banner) {
  banner = document.createElement("div");
  banner.className = "banner errornote";
  banner.setAttribute("role", "alert");
  banner.hidden = true;
  (document.getElementById("content") || document.body).prepend(banner);
}
let heardAt = Date.now();

function say(text) {
  if (!isOurs) return;
  banner.hidden = !text;
  if (banner.textContent !== text) banner.textContent = text;
}

function badge(open) {
  const place = document.getElementById("open-incidents");
  if (!place) return;
  place.hidden = !open;
  place.textContent = `${open}`;
  place.setAttribute("aria-label", `${open} open`);
}

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/api/monitor/", { signal: AbortSignal.timeout(4000) });
    if (answer.status === 401 || answer.status === 403) return;
    if (!answer.ok) throw new Error(String(answer.status));
    heardAt = Date.now();
    const found = await answer.json();
    say(found.text);
    badge(found.open_incidents);
  } catch {
    const seconds = Math.round((Date.now() - heardAt) / 1000);
    if (seconds >= 2) say(`This site has not answered for ${seconds} s: all below is from then.`);
  }
}

if (!document.querySelector("form#login-form")) {
  ask();
  setInterval(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
}
