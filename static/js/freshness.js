// Says on every page when the monitor is not heard, and since when; also in the admin.

const EVERY_MS = 3000;

let banner = document.getElementById("freshness");
if (!banner) {
  banner = document.createElement("div");
  banner.className = "banner errornote";
  banner.setAttribute("role", "alert");
  banner.hidden = true;
  (document.getElementById("content") || document.body).prepend(banner);
}
let heardAt = Date.now();

function say(text) {
  banner.hidden = !text;
  if (banner.textContent !== text) banner.textContent = text;
}

async function ask() {
  try {
    const answer = await fetch("/api/monitor/", { signal: AbortSignal.timeout(4000) });
    if (answer.status === 401 || answer.status === 403) return;
    if (!answer.ok) throw new Error(String(answer.status));
    heardAt = Date.now();
    say((await answer.json()).text);
  } catch {
    const seconds = Math.round((Date.now() - heardAt) / 1000);
    if (seconds >= 2) say(`This site has not answered for ${seconds} s: all below is from then.`);
  }
}

if (!document.querySelector("form#login-form")) {
  ask();
  setInterval(ask, EVERY_MS);
}
