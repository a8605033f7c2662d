// What a line and its band would hide: a reading that stands alone between two silences, and one so far beyond those beside
// it that the band to it is thinner than a pixel.

const isReading = (value) => value !== null && value !== undefined;

// The points that no line leads to. Undefined is "no reading here", null "silent from here".
export function lone(mean) {
  const found = [];
  let last = -1, isJoined = true;
  for (let i = 0; i <= mean.length; i++) {
    const isSilent = i === mean.length || mean[i] === null;
    if (!isSilent && mean[i] === undefined) continue;
    if (isSilent && last >= 0 && !isJoined) found.push(last);
    isJoined = !isSilent && last >= 0;
    last = isSilent ? -1 : i;
  }
  return found;
}

// [[i, from, to]]: the point i goes from `from` to `to`, more than `least` beyond the points beside it.
export function spikes(low, high, least) {
  const found = [];
  let before = -1, at = -1;
  for (let i = 0; i <= high.length; i++) {
    if (i < high.length && !isReading(high[i])) continue;
    if (at >= 0) look(before, at, i < high.length ? i : -1);
    [before, at] = [at, i];
  }
  return found;

  function look(a, b, c) {
    const top = Math.max(a < 0 ? low[b] : high[a], c < 0 ? low[b] : high[c]);
    const bottom = Math.min(a < 0 ? high[b] : low[a], c < 0 ? high[b] : low[c]);
    if (high[b] - top > least) found.push([b, top, high[b]]);
    if (bottom - low[b] > least) found.push([b, bottom, low[b]]);
  }
}
