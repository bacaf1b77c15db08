// The picture with its buttons, as the pages review and image have it.
import { Brush } from "./brush.js";
import { ClassList } from "./classes.js";
import { brushKeys, pictureKeys } from "./keys.js";
import { $, config, texts } from "./page.js";
import { listen } from "./pointer.js";
import { Viewer } from "./viewer.js";

let fading;

/** A short message over the picture. */
export function tell(text, stays = false) {
  $("status").textContent = text;
  $("status").classList.toggle("shown", text !== "");
  clearTimeout(fading);
  if (!stays) fading = setTimeout(() => $("status").classList.remove("shown"), 2500);
}

/** `picked(k)`: a class was named; `brushed()`: the brush or what it painted changed. */
export function makePicture({ picked, brushed }) {
  const viewer = new Viewer($("picture"), $("map"), config.side);
  const classes = new ClassList(picked);
  const brush = new Brush(viewer, classes, brushed);
  const overlay = () => {
    viewer.overlay = !viewer.overlay;
    $("overlay").setAttribute("aria-pressed", viewer.overlay);
    viewer.redraw();
  };
  listen(viewer, brush, () => tell(texts.state.pick));
  const buttons = { overlay, "zoom-in": () => viewer.zoom(1.4), "zoom-out": () => viewer.zoom(1 / 1.4), fit: () => viewer.fit() };
  for (const [name, action] of Object.entries(buttons)) $(name).addEventListener("click", action);
  return { viewer, classes, brush, keys: { ...pictureKeys(viewer, overlay), ...brushKeys(brush), "/": () => classes.open() } };
}
