// Small pictures of the images, drawn when they come into view; taking answers back.
import { config } from "./page.js";
import "./revert.js";
import { whole } from "./viewer.js";

const SIZE = 200;

async function draw(canvas) {
  const { key, labels } = canvas.dataset;
  const [width, height] = [Number(canvas.dataset.width), Number(canvas.dataset.height)];
  const place = whole({ key, width, height }, config.side);
  const size = (SIZE * 2) / Math.max(width, height);
  [canvas.width, canvas.height] = [Math.max(1, width * size), Math.max(1, height * size)];
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = size < 1;
  for (const [path, opacity] of [[`/tiles/image/${place}`, 1], [labels && `/tiles/labels/${labels}/${place}`, 0.4]]) {
    if (!path) continue;
    const tile = new Image();
    tile.src = path;
    try {
      await tile.decode();
    } catch {
      continue;
    }
    context.globalAlpha = opacity;
    context.drawImage(tile, 0, 0, canvas.width, canvas.height);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "300px" });
document.querySelectorAll("canvas[data-key]").forEach((canvas) => seen.observe(canvas));
