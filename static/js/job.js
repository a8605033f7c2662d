// Keeps a job's page fresh while it runs.

const place = document.getElementById("job");
const state = document.getElementById("job-state");
const bar = document.getElementById("job-progress");
const problem = document.getElementById("job-problem");
const EVERY_MS = 500;
let heardAt = Date.now();

const number = (value) => (value === null ? "unknown" : value.toLocaleString("en"));

function show(job) {
  if (job.percent === null) bar.removeAttribute("value");
  else bar.value = job.percent;
  state.textContent = job.state + (job.cancelling ? ", ends soon" : "");
  for (const cell of place.querySelectorAll("[data-figure]")) cell.textContent = number(job[cell.dataset.figure]);
  problem.textContent = job.problem;
  problem.hidden = !job.problem;
}

async function look() {
  try {
    const answer = await fetch(place.dataset.url, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const job = await answer.json();
    heardAt = Date.now();
    show(job);
    if (job.over) {
      document.getElementById("job-cancel")?.remove();
      return;
    }
  } catch {
    state.textContent = `not heard of for ${Math.round((Date.now() - heardAt) / 1000)} s`;
  }
  setTimeout(look, EVERY_MS);
}

look();
