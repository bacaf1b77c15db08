// The questions of this window: the one that is shown, and the next ones, loaded before they are needed.
import { ask } from "./page.js";

const AHEAD = 5;

export class Queue {
  constructor(windowName, outbox, { preload, progress, offline }) {
    Object.assign(this, { window: windowName, outbox, preload, progress, offline, current: null, coming: [], filling: null });
  }

  get held() {
    return [this.current, ...this.coming].filter(Boolean).map((question) => question.query);
  }

  /** Fetch questions until five are ahead; `left` says that the round has no more for us. */
  fill() {
    this.filling ??= this.work().finally(() => { this.filling = null; });
    return this.filling;
  }

  async work() {
    const count = AHEAD + (this.current ? 0 : 1) - this.coming.length;
    if (count <= 0) return;
    let said;
    try {
      said = await ask("/api/questions", { window: this.window, count, held: this.held });
    } catch (trouble) {
      this.offline(trouble);
      return;
    }
    const sent = this.outbox.queries;
    const known = new Set(this.held);
    const fresh = said.questions.filter((question) => !sent.has(question.query) && !known.has(question.query));
    this.coming = this.coming.filter((question) => !said.gone.includes(question.query));
    this.coming.push(...fresh);
    for (const question of fresh) this.preload(question);
    this.progress(said.progress);
  }

  /** The next question, or null where there is none. */
  async next() {
    this.current = null;
    if (!this.coming.length) await this.fill();
    if (!this.coming.length && this.filling) await this.filling;
    this.current = this.coming.shift() ?? null;
    this.fill();
    return this.current;
  }

  /** Show this one now; what was shown comes after it. */
  putBefore(question) {
    this.coming = this.coming.filter((other) => other.query !== question.query);
    if (this.current && this.current.query !== question.query) this.coming.unshift(this.current);
    this.current = question;
  }

  /** Tell the server that this window needs its questions no longer. */
  leave() {
    const body = new Blob([JSON.stringify({ window: this.window })], { type: "application/json" });
    navigator.sendBeacon("/api/leave", body);
  }
}
