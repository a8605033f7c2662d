// Ours: the modules that the page loads, fed as the page feeds them.

import { Charts } from "/static/js/charts.js";
import { Store } from "/static/js/store.js";
import { BUCKET_MS, reading, time } from "./common.js";

const FIELDS = [{ name: "temperature", label: "temperature", unit: "°C", decimals: null, bounds: null }];
const HOW = { title: "", label: (sensor) => sensor, isHidden: () => false, utc: () => false, isHeld: () => false, onZoom() {}, onLive() {}, onHide() {} };

export function make(root, sensors, points) {
  const store = new Store();
  const charts = new Charts(root, { ...HOW, newest: (sensor, field) => store.newest(sensor, field) });
  store.clear(points * BUCKET_MS, BUCKET_MS);
  store.isKnown = true;
  let n = 0;

  function add() {
    sensors.forEach((sensor, i) => {
      const value = reading(i, n);
      store.set(sensor, FIELDS[0].name, time(n), value, value - 0.3, value + 0.3, value);
    });
    n++;
  }

  const draw = () => charts.draw(store, FIELDS, sensors, time(n - points), time(n - 1));

  function update() {
    add();
    draw();
  }

  while (n < points) add();
  draw();
  return { update, add, draw };
}
