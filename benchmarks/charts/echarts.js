// ECharts on a canvas, as its manual advises: sampled lines without symbols, no animation, nothing that reacts to the
// pointer, readings in a typed array, and only what changed handed over.

import * as echarts from "echarts";
import { clock, panels, reading, time } from "./common.js";

export function make(root, sensors, points) {
  const columns = sensors.map((_, i) => Float64Array.from({ length: 2 * points }, (__, at) => (at % 2 ? reading(i, at >> 1) : time(at / 2))));
  let n = points;
  const charts = panels(root, sensors).map(([element, group]) => [chart(element, group), group]);

  function hand() {
    for (const [chart, group] of charts) {
      chart.setOption({ xAxis: { min: time(n - points), max: time(n - 1) }, series: group.map((i) => ({ data: columns[i] })) }, { silent: true });
    }
  }

  function update() {
    columns.forEach((column, i) => {
      column.copyWithin(0, 2);
      column.set([time(n), reading(i, n)], 2 * points - 2);
    });
    n++;
    hand();
  }

  hand();
  return { update };
}

function chart(element, group) {
  const chart = echarts.init(element, null, { renderer: "canvas" });
  chart.setOption({
    animation: false,
    grid: { left: 40, right: 8, top: 8, bottom: 28 },
    xAxis: { type: "time", splitNumber: Math.max(1, Math.floor(element.clientWidth / 150)), axisLabel: { formatter: clock, hideOverlap: true }, splitLine: { show: true } },
    yAxis: { type: "value", scale: true },
    series: group.map(() => ({ type: "line", data: [], sampling: "lttb", showSymbol: false, silent: true, emphasis: { disabled: true }, legendHoverLink: false, lineStyle: { width: 1.5 } })),
  });
  return chart;
}
