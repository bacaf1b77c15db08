// Answers on their way to the server: kept in the browser until it says that they are on its disk, over reloads and lost connections.
import { Refused, ask, config } from "./page.js";

const PREFIX = `segmend-answer-${config.who}-`;

export class Outbox {
  /** `told(state)` is called with what became of each answer: kept, taken, refused or waiting. */
  constructor(told) {
    this.told = told;
    this.working = null;
    addEventListener("online", () => this.send());
  }

  get waiting() {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).sort();
  }

  /** The questions whose answers are on their way. */
  get queries() {
    return new Set(this.waiting.map((name) => JSON.parse(localStorage.getItem(name)).query));
  }

  add(answer) {
    localStorage.setItem(`${PREFIX}${String(answer.at).padStart(15, "0")}-${answer.query}`, JSON.stringify(answer));
    this.send();
  }

  /** Send all that waits, in order; resolves when nothing waits, and keeps trying until then. */
  send() {
    this.working ??= this.work().finally(() => { this.working = null; });
    return this.working;
  }

  async work() {
    let pause = 250;
    for (let name = this.waiting[0]; name !== undefined; name = this.waiting[0]) {
      const answer = JSON.parse(localStorage.getItem(name));
      try {
        const said = await ask("/api/answer", answer);
        localStorage.removeItem(name);
        this.told({ what: said.kept ? "kept" : "taken", answer, progress: said.progress });
        pause = 250;
      } catch (trouble) {
        if (trouble instanceof Refused) {
          localStorage.removeItem(name);
          this.told({ what: "refused", answer, reason: trouble.message });
          continue;
        }
        this.told({ what: "waiting", count: this.waiting.length });
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(4000, pause * 2);
      }
    }
  }
}
