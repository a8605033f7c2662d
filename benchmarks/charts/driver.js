// Runs one library, named in the address: benchmarks/charts.py calls window.bench.
//
// Chromium counts as script what plain callbacks run, and their microtasks, but neither what an evaluation runs itself
// nor what goes on after an await: everything measured here is called from a frame or a timer.

const { make } = await import(`./${new URLSearchParams(location.search).get("library")}.js`);
const FRAMES = 3; // from one update to the next: what a library puts off to the next frame belongs to its update
let charts;

// Call `act` so many times, every so many frames; resolves when it is done.
function repeat(times, frames, act) {
  return new Promise((done) => {
    let frame = 0;
    const step = () => {
      if (frame === times * frames) return done();
      if (frame++ % frames === 0) act();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

window.bench = {
  make(sensors, points) {
    charts = make(document.getElementById("charts"), Array.from({ length: sensors }, (_, i) => `sensor-${i + 1}`), points);
  },
  update: (times) => repeat(times, FRAMES, () => charts.update()),
  // So many minutes of one reading a second, drawn once a minute.
  minutes: (times) => repeat(times, 1, () => {
    for (let second = 0; second < 60; second++) charts.add();
    charts.draw();
  }),
  // Updates so often for so long; how many there were.
  live: (everyMs, forMs) => new Promise((done) => {
    let times = 0;
    const timer = setInterval(() => {
      charts.update();
      times++;
    }, everyMs);
    setTimeout(() => {
      clearInterval(timer);
      done(times);
    }, forMs);
  }),
};
