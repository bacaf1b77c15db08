// Retrain now: start the run and show what it says.
import { $, ask, texts } from "./page.js";

const MOST = 3000; // lines

function follow() {
  $("lines").textContent = "";
  const source = new EventSource("/api/run/lines");
  source.onmessage = (event) => {
    const lines = $("lines");
    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    lines.append(`${JSON.parse(event.data)}\n`);
    while (lines.childNodes.length > MOST) lines.firstChild.remove();
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  };
  source.addEventListener("end", (event) => {
    source.close();
    show(JSON.parse(event.data));
  });
}

function show(state) {
  $("status").textContent = texts.run.states[state];
  $("run-start").disabled = state === "running";
  $("run-stop").disabled = state !== "running";
}

$("run-start").addEventListener("click", async () => {
  show((await ask("/api/run/start", {})).state);
  follow();
});
$("run-stop").addEventListener("click", async () => show((await ask("/api/run/stop", {})).state));
if ($("lines").dataset.state !== "none") follow();
