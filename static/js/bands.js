// The band from the lowest to the highest reading of each point, under its line. uPlot's own bands take a path, a copy of it
// and two clips for each.

export function paintBands(u) {
  const { ctx, bbox: { left, top, width, height }, scales: { x, y }, data: [times] } = u;
  const [perMs, perUnit] = [width / (x.max - x.min), height / (y.max - y.min)];
  if (!Number.isFinite(perMs) || !Number.isFinite(perUnit)) return;
  const xs = times.map((t) => left + (t - x.min) * perMs);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (let s = 1; s < u.series.length; s += 3) {
    if (!u.series[s].show) continue;
    ctx.beginPath();
    for (const run of runs(u.data[s])) outline(ctx, run, xs, u.data[s + 1], u.data[s + 2], (value) => top + (y.max - value) * perUnit);
    ctx.fillStyle = `${u.series[s].stroke(u, s)}40`;
    ctx.fill();
  }
  ctx.restore();
}

function outline(ctx, run, xs, low, high, at) {
  ctx.moveTo(xs[run[0]], at(high[run[0]]));
  for (let n = 1; n < run.length; n++) ctx.lineTo(xs[run[n]], at(high[run[n]]));
  for (let n = run.length - 1; n >= 0; n--) ctx.lineTo(xs[run[n]], at(low[run[n]]));
  ctx.closePath();
}

// The points between two silences, by their places. Undefined is "no reading here", null "silent from here".
export function runs(mean) {
  const found = [];
  let run = [];
  for (let i = 0; i <= mean.length; i++) {
    if (i < mean.length && mean[i] !== null) {
      if (mean[i] !== undefined) run.push(i);
    } else {
      if (run.length > 1) found.push(run);
      run = [];
    }
  }
  return found;
}
