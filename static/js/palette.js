// Which colour and dash each sensor's line has. They go with its name in readings: a sensor that is called otherwise, or
// stands elsewhere among others, keeps them while the page is open.

import { byName } from "./format.js";

export class Palette {
  constructor() {
    this.known = new Map();
  }

  // The number of each of these sensors' lines, no two alike, in their order.
  of(sensors) {
    const taken = new Set(), without = [];
    for (const sensor of [...sensors].sort(byName)) {
      const number = this.known.get(sensor);
      if (number === undefined || taken.has(number)) without.push(sensor);
      else taken.add(number);
    }
    for (const sensor of without) {
      let number = 0;
      while (taken.has(number)) number++;
      taken.add(number);
      this.known.set(sensor, number);
    }
    return sensors.map((sensor) => this.known.get(sensor));
  }
}
