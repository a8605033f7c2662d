// The charts: a panel for each field, all over the same span; what is out of sight is neither made nor drawn.

import { arrange } from "./dom.js";
import { Palette } from "./palette.js";
import { Panel } from "./panel.js";
import { MOST_OVERLAID } from "./plots.js";

// Charts this near to the window's edge are drawn as if they were in it, so that scrolling shows them at once.
const NEAR_PX = 300;
// Four times a second, and once where there are many charts: a word that changes makes the browser lay them all out again.
const FEW_SAID_EVERY_MS = 240, MANY_SAID_EVERY_MS = 960;

export class Charts {
  // `how` says how sensors are called and shown: see plots.js.
  constructor(root, how) {
    Object.assign(this, { root, how, panels: [], layout: "", palette: new Palette(), saidAt: 0 });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.anew());
    new ResizeObserver(() => this.fit()).observe(root);
    this.sight = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: `${NEAR_PX}px 0px` });
  }

  get plots() {
    return this.panels.flatMap((panel) => panel.plots);
  }

  // Draw these sensors over [from, to]. What is on the page changes only where fields or sensors do.
  draw(source, fields, sensors, from, to) {
    const isSmall = sensors.length > MOST_OVERLAID;
    const known = fields.map(({ name }) => (isSmall ? sensors.filter((sensor) => source.knows(sensor, name)) : []));
    const layout = JSON.stringify([fields, sensors, sensors.map(this.how.label), known]);
    if (layout !== this.layout) this.lay(fields, sensors, isSmall ? null : this.palette.of(sensors), known);
    this.layout = layout;
    for (const panel of this.panels) panel.draw(source, from, to);
    this.tellNewest();
  }

  lay(fields, sensors, looks, known) {
    this.isSmall = !looks;
    const there = new Map(this.panels.map((panel) => [JSON.stringify(panel.field), panel]));
    this.panels = fields.map((field) => there.get(JSON.stringify(field)) ?? new Panel(field, this.how));
    for (const gone of there.values()) if (!this.panels.includes(gone)) gone.destroy();
    arrange(this.root, this.panels.map(({ element }) => element));
    this.panels.forEach((panel, i) => panel.lay(sensors, looks, known[i]));
    this.saidAt = 0;
    this.sight.disconnect();
    for (const plot of this.plots) {
      // Asked for here and now, because the observer answers only after this frame. In a panel that is folded none is seen.
      const { top, bottom } = plot.figure.getBoundingClientRect();
      plot.visible = bottom > top && bottom > -NEAR_PX && top < innerHeight + NEAR_PX;
      this.sight.observe(plot.figure);
    }
    this.fit();
  }

  // After everything is drawn: words change the layout, which drawing asks for.
  tellNewest() {
    const now = performance.now();
    const every = this.isSmall ? MANY_SAID_EVERY_MS : FEW_SAID_EVERY_MS;
    if (!this.how.isHeld() && now - this.saidAt < every) return;
    this.saidAt = now;
    for (const panel of this.panels) panel.tellNewest();
  }

  // The same again in other colours, or by another clock.
  anew() {
    for (const panel of this.panels) {
      panel.destroy();
      panel.drawPlots();
      panel.drawTable(true);
      panel.tellNewest();
    }
  }

  // Show or hide a sensor's lines in all charts.
  show(sensor, isShown) {
    for (const { sensors, uplot } of this.plots) {
      const first = 3 * sensors.indexOf(sensor) + 1;
      for (let i = first; uplot && first > 0 && i < first + 3; i++) uplot.setSeries(i, { show: isShown }, false);
    }
    // uPlot has forgotten the axis by that.
    for (const panel of this.panels) panel.drawPlots();
  }

  tellBreaches(lastOf) {
    for (const panel of this.panels) panel.tellBreaches(lastOf);
  }

  // What came into sight is drawn at once.
  seen(entries) {
    const plots = new Map(this.plots.map((plot) => [plot.figure, plot]));
    for (const { target, isIntersecting } of entries) {
      const plot = plots.get(target);
      if (plot) plot.visible = isIntersecting;
    }
    for (const panel of this.panels) panel.drawPlots();
    this.fit();
    for (const panel of this.panels) panel.tellNewest();
  }

  fit() {
    for (const { figure, uplot } of this.plots) {
      const width = Math.floor(figure.clientWidth);
      if (uplot && width && width !== uplot.width) uplot.setSize({ width, height: uplot.height });
    }
  }
}
