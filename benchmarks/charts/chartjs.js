// Chart.js, as its pages on performance and decimation advise: prepared data, no animation, a known range of time,
// labels that need no turning, no points, only the parts registered that are used.

import { Chart, Decimation, LinearScale, LineController, LineElement, PointElement } from "chart.js";
import { clock, panels, reading, time } from "./common.js";

Chart.register(Decimation, LinearScale, LineController, LineElement, PointElement);

export function make(root, sensors, points) {
  const columns = sensors.map((_, i) => Array.from({ length: points }, (__, n) => ({ x: time(n), y: reading(i, n) })));
  let n = points;
  const charts = panels(root, sensors).map(([element, group]) => [chart(element, group.map((i) => columns[i])), group]);

  function update() {
    columns.forEach((column, i) => {
      column.push({ x: time(n), y: reading(i, n) });
      column.shift();
    });
    n++;
    for (const [chart, group] of charts) {
      Object.assign(chart.options.scales.x, { min: time(n - points), max: time(n - 1) });
      // With decimation on, a dataset takes new readings by being given its column again.
      group.forEach((i, at) => (chart.data.datasets[at].data = columns[i]));
      chart.update("none");
    }
  }

  return { update };
}

function chart(element, columns) {
  const canvas = document.createElement("canvas");
  element.append(canvas);
  const width = element.clientWidth;
  return new Chart(canvas, {
    type: "line",
    data: {
      datasets: columns.map((data, i) => ({ data, borderColor: `hsl(${36 * i} 70% 40%)`, borderWidth: 1.5, pointRadius: 0, pointHitRadius: 0, spanGaps: true })),
    },
    options: {
      animation: false, parsing: false, normalized: true, maintainAspectRatio: false, events: [],
      plugins: { decimation: { enabled: true, algorithm: "lttb", samples: width, threshold: width } },
      scales: {
        x: { type: "linear", min: columns[0][0].x, max: columns[0].at(-1).x, ticks: { minRotation: 0, maxRotation: 0, sampleSize: 3, maxTicksLimit: Math.max(2, Math.floor(width / 75)), callback: clock } },
        y: { ticks: { minRotation: 0, maxRotation: 0, sampleSize: 3, maxTicksLimit: 6 } },
      },
    },
  });
}
