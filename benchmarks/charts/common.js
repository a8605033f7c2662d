// What all three draw: the same readings, and for the peers the same panels as ours has.

export const BUCKET_MS = 1000;
const START = 1_700_000_000_000;
const MOST_OVERLAID = 10;

export const time = (n) => START + n * BUCKET_MS;

// The n-th reading of the i-th sensor: a slow wave with noise, the same in every run.
export function reading(i, n) {
  const noise = Math.sin((i + 1) * 12.9898 + n * 78.233) * 43758.5453;
  return 20 + (i % 10) + 3 * Math.sin((n + 40 * i) / 300) + (noise - Math.floor(noise));
}

export const clock = (t) => new Date(t).toISOString().slice(11, 19);

// [element, indices of sensors] of each chart: few sensors over each other, more as small multiples sized as ours.
export function panels(root, sensors) {
  const small = sensors.length > MOST_OVERLAID;
  const groups = small ? sensors.map((_, i) => [i]) : [sensors.map((_, i) => i)];
  const plots = document.createElement("div");
  plots.className = small ? "plots small" : "plots";
  root.append(plots);
  return groups.map((group) => {
    const figure = document.createElement("figure");
    const element = document.createElement("div");
    element.style.cssText = `position: relative; height: ${small ? 110 : 260}px`;
    figure.append(element);
    plots.append(figure);
    return [element, group];
  });
}
