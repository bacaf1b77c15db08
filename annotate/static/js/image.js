// One image: its labels in each round, repainting, taking answers back.
import { Clock } from "./clock.js";
import { bind } from "./keys.js";
import { $, ask, say, texts } from "./page.js";
import { makePicture, tell } from "./picture.js";
import "./revert.js";

const image = JSON.parse($("image").textContent);
const clock = new Clock();
const { viewer, classes, brush, keys } = makePicture({ picked: (k) => classes.choose(k), brushed: showBrush });
const painting = $("brush") !== null;
classes.reset(false);

function showBrush() {
  if (!painting) return;
  $("brush").setAttribute("aria-pressed", brush.on);
  $("save").disabled = !brush.on || brush.paint.empty;
}

function toggle() {
  if (brush.on) return brush.end();
  clock.start();
  brush.begin();
}

async function save() {
  if (!brush.on || brush.paint.empty) return;
  const { clicks, seconds } = clock.read();
  const body = { image: image.key, paint: brush.paint.parts(), at: Date.now(), clicks: Math.max(clicks, brush.strokes), seconds };
  try {
    const { answers } = await ask("/api/paint", body);
    brush.end();
    tell(say(texts.state.saved_image, { n: answers }));
  } catch (trouble) {
    tell(trouble.message, true); // what was painted stays
  }
}

$("label-set").addEventListener("change", () => {
  viewer.labels = $("label-set").value;
  viewer.redraw();
});
if (painting) {
  $("brush").addEventListener("click", toggle);
  $("save").addEventListener("click", save);
}
bind({ ...keys, ...(painting ? { b: toggle, Enter: save, Escape: () => brush.on && brush.end() } : {}) }, (digit) => {
  const k = classes.byDigit(digit);
  if (k !== null) classes.choose(k);
});
viewer.onDrawn = () => { document.body.dataset.drawn = image.key; };
viewer.show(image, null, $("label-set").value || null);
