// What each message of the socket changes. `page` has ahead (how far the server's clock is ahead of this one, in ms), total
// (of sensors), completeFrom (the time from which on nothing is missing here), changed (draw again, even when held), draw().

export function listen(live, page, { store, view, fields, selection, status, groups }) {
  const on = (type, take) => live.addEventListener(type, ({ detail }) => take(detail));

  on("connection", (state) => status.connection(state));
  on("hello", (hello) => {
    if (hello.epoch !== live.resume.epoch) store.clear(hello.window_ms, hello.bucket_ms);
    live.resume = { frames: live.resume.epoch === hello.epoch ? live.resume.frames : null, epoch: hello.epoch };
    fields.take(hello);
    selection.forget();
    page.behind = status.behind = 0;
    page.total = hello.sensors_total;
    page.changed = true;
  });
  on("history", (history) => {
    live.resume.frames = history.id === "0-0" ? null : history.id;
    store.takeHistory(history);
    if (!history.since) page.completeFrom = history.complete_from;
    if (!history.since && history.t.length) view.fit(Date.now() + page.ahead - history.t[0]);
    if (history.t.length && history.since) status.takeFrame();
    view.waiting += history.since ? history.t.length : 0;
    page.changed = true;
    page.draw();
  });
  on("frame", (frame) => {
    live.resume.frames = frame.id;
    store.takeFrame(frame);
    status.takeFrame();
    for (const read of Object.values(frame.readings)) view.waiting += Object.keys(read).length ? 1 : 0;
  });
  on("overview", (overview) => store.takeOverview(overview));
  on("metrics", (metrics) => {
    status.takeMetrics(metrics, Date.now() + page.ahead - metrics.t);
    groups.draw(metrics);
  });
  on("metrics_history", (history) => groups.takeHistory(history));
  on("state", (state) => {
    page.ahead = state.now - Date.now();
    status.takeState(state);
  });
  on("behind", ({ ms }) => (page.behind = status.behind = ms));
  on("notice", (notice) => status.notice(notice));
}
