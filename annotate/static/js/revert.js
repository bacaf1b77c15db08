// Take answers back: first count them, then do it.
import { $, ask, say, texts } from "./page.js";

const form = $("revert-form");

function wanted() {
  const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim() !== ""));
  return form.dataset.image ? { ...fields, image: form.dataset.image } : fields;
}

async function send(write) {
  try {
    const { answers } = await ask("/api/revert", { ...wanted(), write });
    $("revert-do").hidden = write || !answers;
    $("revert-do").textContent = say(texts.revert.do, { n: answers });
    $("revert-status").textContent = write ? say(texts.revert.done, { n: answers }) : answers ? "" : texts.revert.none;
  } catch (trouble) {
    $("revert-status").textContent = trouble.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(false);
});
form.addEventListener("input", () => { $("revert-do").hidden = true; });
$("revert-do").addEventListener("click", () => send(true));
