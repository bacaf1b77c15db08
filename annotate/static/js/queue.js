// The questions of this window: the one that is shown, and the next ones, loaded before they are needed.
import { Refused, ask } from "./page.js";

const AHEAD = 5;

export class Queue {
  constructor(windowName, outbox, { preload, progress, offline }) {
    Object.assign(this, { window: windowName, outbox, preload, progress, offline, current: null, coming: [], filling: null, more: false });
    this.done = outbox.queries; // answered here, whether the server knows it yet or not
  }

  get held() {
    return [this.current, ...this.coming].filter(Boolean).map((question) => question.query);
  }

  /** Fetch questions until five are ahead, however long the server is away; `renew` takes the leases again in any case. */
  fill(renew = false) {
    this.filling ??= this.work(renew).finally(() => {
      this.filling = null;
      if (this.more && this.coming.length < AHEAD) this.fill(); // keys were faster than the answer
    });
    return this.filling;
  }

  async work(renew) {
    const count = Math.max(0, AHEAD + (this.current ? 0 : 1) - this.coming.length);
    if (!count && !renew) return;
    let said;
    for (let pause = 250; !said; pause = Math.min(4000, 2 * pause)) {
      try {
        const held = [...this.held, ...this.outbox.queries].slice(0, 50); // answers on their way hold their questions
        said = await ask("/api/questions", { window: this.window, count, held });
      } catch (trouble) {
        this.offline(trouble);
        if (trouble instanceof Refused) return;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    this.more = count > 0 && said.questions.length === count;
    const known = new Set(this.held);
    const fresh = said.questions.filter(({ query, again }) => (again || !this.done.has(query)) && !known.has(query));
    this.coming = this.coming.filter((question) => !said.gone.includes(question.query));
    this.coming.push(...fresh);
    for (const question of fresh) this.preload(question);
    this.progress(said.progress);
    document.body.dataset.ahead = this.coming.length;
    if (!this.coming.length && said.questions.length) { // all of them are answered, and the server does not know it yet
      await this.outbox.send();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await this.work(true);
    }
  }

  /** The next question, or null where there is none; what was shown is answered. */
  async next() {
    if (this.current) this.done.add(this.current.query);
    this.current = null;
    if (!this.coming.length) await this.fill();
    if (!this.coming.length && this.filling) await this.filling;
    this.current = this.coming.shift() ?? null;
    document.body.dataset.ahead = this.coming.length;
    this.fill();
    return this.current;
  }

  /** Show this one now; what was shown comes after it. */
  putBefore(question) {
    this.done.delete(question.query);
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
