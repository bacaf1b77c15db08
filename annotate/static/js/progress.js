// How far the round is, what is left to gain, and whether it is time to stop or to retrain.
import { $, say, short, texts } from "./page.js";

export function showProgress(now) {
  $("bar").max = Math.max(1, now.asked);
  $("bar").value = now.answered;
  const parts = [say(texts.progress.round, now), say(texts.progress.of, now), say(texts.progress.mine, { n: now.mine })];
  $("counts").textContent = parts.join(", ");
  const gain = [];
  if (now.expected !== null && now.answered < now.asked) gain.push(say(texts.progress.left, { n: short(now.expected) }));
  const stop = now.each !== null && now.each < 1;
  if (now.each !== null) gain.push(stop ? texts.progress.stop : say(texts.progress.each, { n: short(now.each) }));
  const enough = now.answered >= now.needed;
  gain.push(enough ? texts.progress.enough : say(texts.progress.lacking, { n: now.needed - now.answered }));
  $("gain").textContent = gain.join("; ");
  $("gain").classList.toggle("stop", stop);
  $("retrain").classList.toggle("primary", enough);
}
