// How far the round is, what is left to gain, and whether it is time to stop or to retrain.
import { $, say, short, texts } from "./page.js";

export function showProgress(now) {
  $("bar").max = Math.max(1, now.asked);
  $("bar").value = now.answered;
  // Where several people are asked, a question of one's own is not settled yet: the two counts differ.
  const [of, mine] = { 1: ["of", "mine"], adaptive: ["settled", "said"] }[now.overlap] ?? ["by_several", "said"];
  const counts = [say(texts.progress.round, now), say(texts.progress[of], now), say(texts.progress[mine], { n: now.mine })];
  $("counts").textContent = counts.join(", ");
  const gain = [];
  if (now.expected !== null && now.answered < now.asked) gain.push(say(texts.progress.left, { n: short(now.expected) }));
  const stop = now.each !== null && now.each < 1;
  if (now.each !== null) gain.push(stop ? texts.progress.stop : say(texts.progress.each, { n: short(now.each) }));
  const heldOut = now.needed === "none"; // the answers judge labels and are applied to none
  const enough = !heldOut && now.answered >= (now.needed === "any" ? now.asked : now.needed);
  if (heldOut) gain.push(texts.progress.held_out);
  else if (enough) gain.push(texts.progress.enough);
  else if (now.needed === "any") gain.push(...(now.answered + now.mine ? [texts.progress.any] : []));
  else gain.push(say(texts.progress.lacking, { n: now.needed - now.answered }));
  $("gain").textContent = gain.join("; ");
  $("gain").classList.toggle("stop", stop);
  $("retrain").classList.toggle("primary", enough);
  $("retrain").hidden = heldOut;
}
