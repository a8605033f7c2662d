// The toolbar: window, looking back, pause, filter, rate, clock, and what can be taken along.

import { count, useUtc } from "./format.js";

const SAID_FOR_MS = 4000;
const $ = (id) => document.getElementById(id);

export class Controls {
  // `page` has act(change), span() of what is seen, serverNow(), and restyle() for charts to be made again.
  constructor(view, page) {
    Object.assign(this, { view, page });
    useUtc(view.utc);
    for (const [id, direction] of [["earlier", -1], ["later", 1]]) this.on(id, "click", () => view.step(direction, page.serverNow()));
    this.on("pause", "click", () => this.pause());
    this.on("filter", "input", ({ target }) => view.set({ filter: target.value }));
    this.on("rate", "change", ({ target }) => this.setRate(Number(target.value)));
    this.on("utc", "change", ({ target }) => this.setUtc(target.checked));
    $("link").addEventListener("click", () => this.copy(view.link(page.span())));
    for (const button of document.querySelectorAll("[data-window]")) {
      button.addEventListener("click", ({ detail }) => {
        if (detail) button.blur(); // by mouse: the space bar that comes next is meant to pause
        page.act(() => view.look(Number(button.dataset.window)));
      });
    }
    document.addEventListener("keydown", (event) => this.press(event));
    [$("filter").value, $("rate").value, $("utc").checked] = [view.filter, view.hz, view.utc];
    this.setRate(view.hz);
  }

  on(id, kind, change) {
    $(id).addEventListener(kind, (event) => this.page.act(() => change(event)));
  }

  pause() {
    if (this.view.frozen) this.view.follow();
    else this.view.freeze(...this.page.span());
  }

  setRate(hz) {
    clearInterval(this.timer);
    this.view.set({ hz });
    this.timer = setInterval(this.page.draw, 1000 / hz);
  }

  setUtc(utc) {
    useUtc(utc);
    this.view.set({ utc });
    this.page.restyle();
  }

  press(event) {
    const typing = event.target.closest("input, textarea, select, button, a, summary");
    if (event.key === "Escape") this.page.act(() => this.view.follow());
    else if (event.key === " " && !typing) {
      event.preventDefault();
      this.page.act(() => this.pause());
    }
  }

  // Browsers give the clipboard to pages behind https or on this machine only: else the link stands there to be copied.
  async copy(link) {
    try {
      await navigator.clipboard.writeText(link);
      $("copied").textContent = "Link copied: it opens exactly this view.";
      setTimeout(() => ($("copied").textContent = ""), SAID_FOR_MS);
    } catch {
      $("copied").replaceChildren(Object.assign(document.createElement("a"), { href: link, textContent: "Link to exactly this view" }));
    }
  }

  draw(drawn, wanted) {
    const { view } = this;
    $("toolbar").hidden = false;
    for (const button of document.querySelectorAll("[data-window]")) button.setAttribute("aria-pressed", String(Number(button.dataset.window) === view.windowMs));
    $("pause").setAttribute("aria-pressed", String(Boolean(view.frozen)));
    $("later").disabled = !view.frozen;
    $("pause").textContent = view.frozen ? `Resume (${count(view.waiting)} new)` : "Pause";
    const cut = drawn < wanted ? `${count(drawn)} of ${count(wanted)} sensors drawn; filter or choose. ` : "";
    $("span").textContent = cut + (view.chosen.size ? "Chosen sensors only; click them again for all." : "");
  }
}
