// The zones beyond a field's bounds: painted under its lines, and named over them.

import { painted, zones } from "./bounds.js";
import { ink } from "./colours.js";

export function paintZones(u, field) {
  eachZone(u, field, (zone, top, bottom) => {
    u.ctx.fillStyle = `${inkOf(zone)}22`;
    u.ctx.fillRect(u.bbox.left, top, u.bbox.width, bottom - top);
  });
}

// Where there is no room for words, the mark and the number; the words stand beside the field's name.
export function writeZones(u, field, small) {
  const { left, width } = u.bbox, ratio = devicePixelRatio;
  eachZone(u, field, (zone, top, bottom) => {
    if (bottom - top <= 14 * ratio) return;
    const isLow = zone.from === -Infinity;
    Object.assign(u.ctx, { fillStyle: inkOf(zone), font: `${11 * ratio}px system-ui, sans-serif`, textAlign: "right", textBaseline: isLow ? "bottom" : "top" });
    u.ctx.fillText(small ? zone.mark : zone.text, left + width - 4 * ratio, isLow ? bottom - 3 * ratio : top + 3 * ratio);
  });
}

const inkOf = (zone) => ink(zone.level === "bad" ? "--bad" : "--warn");

// Calls act(zone, top, bottom) for each zone that is in sight.
function eachZone(u, field, act) {
  const { min, max } = u.scales.y;
  for (const zone of zones(field)) {
    const [from, to] = painted(zone);
    const [low, high] = [Math.max(from, min), Math.min(to, max)];
    if (low >= high) continue;
    u.ctx.save();
    act(zone, u.valToPos(high, "y", true), u.valToPos(low, "y", true));
    u.ctx.restore();
  }
}
