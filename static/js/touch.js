// A finger on a chart: dragged sideways it zooms, as the mouse does. Up and down it scrolls the page, and a tap is a click.

import { unmark, zoom } from "./plots.js";

export class TouchZoom {
  constructor(charts) {
    Object.assign(this, { charts, uplot: null, from: 0 });
    const on = (kind, act) => charts.root.addEventListener(kind, act, { passive: true });
    on("touchstart", (event) => this.begin(event));
    on("touchmove", ({ touches }) => this.move(touches[0]));
    on("touchend", () => this.end(true));
    on("touchcancel", () => this.end(false));
  }

  begin({ touches, target }) {
    const over = target.closest(".u-over");
    this.uplot = touches.length === 1 && over ? this.charts.plots.find(({ uplot }) => uplot?.over === over).uplot : null;
    if (this.uplot) this.from = this.within(touches[0]);
  }

  move(touch) {
    if (!this.uplot) return;
    const to = this.within(touch);
    this.uplot.setCursor({ left: to, top: this.uplot.over.clientHeight / 2 });
    const marked = { left: Math.min(this.from, to), width: Math.abs(to - this.from), top: 0, height: this.uplot.over.clientHeight };
    this.uplot.setSelect(marked, false);
  }

  // A page that is scrolled instead takes the finger away.
  end(isMeant) {
    if (!this.uplot) return;
    if (isMeant) zoom(this.uplot, this.charts.how);
    else unmark(this.uplot);
    this.uplot = null;
  }

  within({ clientX }) {
    const { left, width } = this.uplot.over.getBoundingClientRect();
    return Math.max(0, Math.min(width, clientX - left));
  }
}
