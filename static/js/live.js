// The websocket: connects, comes back by itself, and resumes after the last frame it has.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10000;
// The server speaks every two seconds at least: this long without a word and the connection is dead.
const SILENT_MS = 5000;
// A server that is frozen, or a network that is gone, takes a connection and never answers.
const ANSWERED_MS = 10000;
const GIVE_UP = new Set([4400, 4401, 4403, 4404, 4429]);
const FULL = 1013;
const FULL_ATTEMPT = 4; // waits as after so many failures: a server that has no room is not helped by haste

export class Live extends EventTarget {
  constructor(path) {
    super();
    this.path = path;
    this.resume = { frames: null, epoch: "" };
    this.attempt = 0;
    this.heardAt = this.triedAt = 0;
    this.windowMs = Infinity;
    this.state = { kind: "waiting" };
    setInterval(() => this.checkSilence(), 1000);
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  connect() {
    clearTimeout(this.timer);
    this.socket?.close();
    this.triedAt = Date.now();
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    // Who was away for longer than the charts reach back begins anew.
    if (this.resume.frames && Date.now() - this.heardAt < this.windowMs) {
      url.searchParams.set("frames", this.resume.frames);
      url.searchParams.set("epoch", this.resume.epoch);
    }
    const socket = (this.socket = new WebSocket(url));
    socket.onmessage = (event) => socket === this.socket && this.take(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.socket && this.closed(event);
  }

  // Ask for other sensors, all for null; whether it could be asked.
  select(sensors) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ type: "select", sensors }));
    return true;
  }

  take(message) {
    this.heardAt = Date.now();
    if (message.type === "hello") [this.attempt, this.windowMs] = [0, message.window_ms ?? Infinity];
    if (message.type === "error") this.refusal = message.text;
    else this.set({ kind: "live" });
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  closed(event) {
    clearTimeout(this.timer);
    if (GIVE_UP.has(event.code)) return this.set({ kind: "refused", text: this.refusal });
    if (event.code === FULL) this.attempt = Math.max(this.attempt, FULL_ATTEMPT);
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempt++);
    const wait = most / 2 + (Math.random() * most) / 2;
    this.set({ kind: "reconnecting", at: Date.now() + wait, since: this.heardAt, why: event.code === FULL ? this.refusal : "" });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  // Something says the network is back: do not sit out the wait.
  now() {
    if (this.state.kind === "reconnecting") this.connect();
    else this.checkSilence();
  }

  checkSilence() {
    if (this.socket?.readyState === WebSocket.CONNECTING && Date.now() - this.triedAt > ANSWERED_MS) return this.lost();
    const silent = this.heardAt && Date.now() - this.heardAt;
    if (silent <= SILENT_MS || !["live", "stale"].includes(this.state.kind)) return this.tell();
    this.set({ kind: "stale", since: this.heardAt });
    if (silent > 3 * SILENT_MS) this.lost();
  }

  // Nobody will tell that this connection is dead.
  lost() {
    this.socket.onclose = null;
    this.socket.close();
    this.closed({ code: 1006 });
  }

  set(state) {
    const same = state.kind === this.state.kind && state.kind !== "reconnecting";
    this.state = state;
    if (!same) this.tell();
  }

  tell() {
    this.dispatchEvent(new CustomEvent("connection", { detail: this.state }));
  }
}
