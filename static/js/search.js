// Goes on with a search where the server stopped: a page of what was found, or the end of what was to be searched.

const ENOUGH = 50;
const rows = document.getElementById("rows");
const tally = document.getElementById("tally");
const total = { found: 0, lookedAt: 0 };
const text = (value) => value.toLocaleString("en");
let stopped = false;

function localTimes(within) {
  for (const time of within.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleString([], { hour12: false });
}

function add(part) {
  total.found += Number(part.dataset.found);
  total.lookedAt += Number(part.dataset.lookedAt);
}

function show(part, bar) {
  const rest = part.dataset.next;
  const back = part.querySelector("time")?.textContent;
  const where = stopped ? ", stopped" : rest && back ? `, back to ${back}` : "";
  tally.replaceChildren(
    Object.assign(document.createElement("strong"), { textContent: text(total.found) }),
    ` found in ${text(total.lookedAt)} ${total.lookedAt === 1 ? "entry" : "entries"}${rest ? where : ": that is all of them"} `,
  );
  if (part.dataset.progress !== undefined) bar.value = Number(part.dataset.progress);
}

async function next(query) {
  const answer = await fetch(`?${query}&fragment=1`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function take(drawn) {
  const body = rows.querySelector("tbody");
  const found = drawn.querySelector("tbody");
  localTimes(drawn);
  if (found && body) body.append(...found.rows);
  else if (found) rows.querySelector(".empty").replaceWith(drawn.querySelector(".scroll"));
  else if (!body) rows.querySelector(".empty").replaceWith(drawn.querySelector(".empty"));
  rows.querySelector(".pages").replaceWith(drawn.querySelector(".pages"));
}

async function goOn() {
  const bar = Object.assign(document.createElement("progress"), { max: 1 });
  const stop = Object.assign(document.createElement("button"), { type: "button", textContent: "Stop" });
  bar.setAttribute("aria-label", "How much of the span was searched");
  stop.addEventListener("click", () => { stopped = true; });
  tally.after(bar, " ", stop);
  let part = tally;
  add(part);
  show(part, bar);
  while (part.dataset.next && !stopped && total.found < ENOUGH) {
    const drawn = await next(part.dataset.next);
    part = drawn.getElementById("tally");
    take(drawn);
    add(part);
    show(part, bar);
  }
  show(part, bar);
  stop.remove();
  if (!part.dataset.next) bar.remove();
}

localTimes(document);
if (tally?.dataset.next) goOn().catch(() => tally.append(" The search stopped: the server did not answer."));
