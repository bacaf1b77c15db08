// Seconds that somebody spent on a question: the time between two signs of life counts up to a limit, a hidden page not at all.

const IDLE = 15; // seconds

export class Clock {
  constructor() {
    this.start();
    for (const name of ["pointermove", "pointerdown", "keydown", "wheel"]) {
      addEventListener(name, () => this.alive(), { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => this.alive());
  }

  start() {
    this.seconds = 0;
    this.clicks = 0;
    this.last = performance.now();
  }

  alive() {
    const now = performance.now();
    this.seconds += Math.min(IDLE, (now - this.last) / 1000);
    this.last = now;
  }

  read() {
    this.alive();
    return { clicks: Math.max(1, this.clicks), seconds: Math.round(this.seconds * 10) / 10 };
  }
}
