// The picture: image, label colours, outline and paint; zoom, pan, and the small map of the whole image.
import { Tiles, covering } from "./tiles.js";

const CONTEXT = 2.4; // how much more than the region is shown around it
const LEAST = 48; // image pixels across, at the least
const OPACITY = 0.4;

export class Viewer {
  constructor(canvas, map, side) {
    Object.assign(this, { canvas, map, side, image: null, region: null, paint: null, labels: null, overlay: true, cut: null });
    this.view = { scale: 1, x: 0, y: 0 }; // screen pixels per image pixel; the image point in the upper left corner
    this.tiles = new Tiles(side, () => this.redraw());
    this.onDrawn = () => {}; // the picture is complete
    new ResizeObserver(() => this.resize()).observe(canvas);
    addEventListener("themechange", () => this.redraw());
    this.map?.addEventListener("pointerdown", (event) => this.jump(event));
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    const size = [Math.max(1, Math.round(box.width * ratio)), Math.max(1, Math.round(box.height * ratio))];
    if (this.canvas.width === size[0] && this.canvas.height === size[1]) return;
    [this.canvas.width, this.canvas.height] = size;
    if (this.image) this.fit();
  }

  /** Show an image around a region, or all of it. */
  show(image, region, labels) {
    Object.assign(this, { image, region, labels, cut: null });
    this.fit();
  }

  /** The view that shows a box (top, left, height, width) and what is around it. */
  viewOf(image, box) {
    const [top, left, height, width] = box ?? [0, 0, image.height, image.width];
    const around = box ? CONTEXT : 1.02;
    const wide = Math.min(Math.max(width * around, LEAST), image.width * 1.04);
    const high = Math.min(Math.max(height * around, LEAST), image.height * 1.04);
    const scale = Math.min(this.canvas.width / wide, this.canvas.height / high, 64);
    return {
      scale, x: start(left + width / 2, this.canvas.width / scale, image.width),
      y: start(top + height / 2, this.canvas.height / scale, image.height),
    };
  }

  fit() {
    const { region } = this;
    this.view = this.viewOf(this.image, region && [region.top, region.left, region.height, region.width]);
    this.redraw();
  }

  /** Load what a coming question will show. */
  preload(image, box, labels) {
    const view = this.viewOf(image, box);
    for (const tile of this.visible(image, view)) {
      this.tiles.get(`/tiles/image/${tile.place}`);
      if (labels) this.tiles.get(`/tiles/labels/${labels}/${tile.place}`);
    }
    this.tiles.get(`/tiles/image/${whole(image, this.side)}`);
  }

  visible(image, view) {
    const { width, height } = this.canvas;
    return covering(image, this.side, view.scale, view.x, view.y, view.x + width / view.scale, view.y + height / view.scale);
  }

  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    if (!this.image) return;
    const { view } = this;
    const least = Math.min(this.canvas.width / this.image.width, this.canvas.height / this.image.height, 1) / 2;
    const scale = Math.min(64, Math.max(least, view.scale * factor));
    view.x += x / view.scale - x / scale;
    view.y += y / view.scale - y / scale;
    view.scale = scale;
    this.redraw();
  }

  /** Move the picture by so many screen pixels. */
  pan(dx, dy) {
    this.view.x -= dx / this.view.scale;
    this.view.y -= dy / this.view.scale;
    this.redraw();
  }

  /** The pixel of the image under a pointer. */
  pixel(event) {
    const [x, y] = this.point(event);
    return [Math.floor(this.view.x + x / this.view.scale), Math.floor(this.view.y + y / this.view.scale)];
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  redraw() {
    if (this.waiting || !this.image) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { canvas, view, image } = this;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = style.getPropertyValue("--stage");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(view.scale, 0, 0, view.scale, -view.x * view.scale, -view.y * view.scale);
    context.imageSmoothingEnabled = view.scale < 1;
    const coarse = this.tiles.get(`/tiles/image/${whole(image, this.side)}`);
    if (coarse) context.drawImage(coarse, 0, 0, image.width, image.height);
    let complete = true;
    const tiles = this.visible(image, view);
    for (const tile of tiles) {
      const picture = this.tiles.get(`/tiles/image/${tile.place}`);
      if (picture) context.drawImage(picture, tile.x, tile.y, tile.width, tile.height);
      else complete = false;
    }
    if (this.overlay && this.labels) this.drawLabels(context, tiles);
    this.paint?.draw(context);
    if (this.region) this.drawOutline(context, view.scale);
    this.drawMap(style);
    if (complete) this.onDrawn();
  }

  drawLabels(context, tiles) {
    const { canvas, region } = this;
    this.sheet ??= new OffscreenCanvas(1, 1);
    if (this.sheet.width !== canvas.width || this.sheet.height !== canvas.height) {
      [this.sheet.width, this.sheet.height] = [canvas.width, canvas.height];
    }
    const sheet = this.sheet.getContext("2d");
    sheet.setTransform(1, 0, 0, 1, 0, 0);
    sheet.clearRect(0, 0, canvas.width, canvas.height);
    sheet.setTransform(context.getTransform());
    sheet.imageSmoothingEnabled = false;
    for (const tile of tiles) {
      const picture = this.tiles.get(`/tiles/labels/${this.labels}/${tile.place}`);
      if (picture) sheet.drawImage(picture, tile.x, tile.y, tile.width, tile.height);
    }
    if (region) { // its own pixels stay as they are
      sheet.globalCompositeOperation = "destination-out";
      sheet.drawImage(region.picture, region.left, region.top);
      sheet.globalCompositeOperation = "source-over";
    }
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = OPACITY;
    context.drawImage(this.sheet, 0, 0);
    context.restore();
  }

  drawOutline(context, scale) {
    const ratio = devicePixelRatio || 1;
    const lines = this.region.pieces ? [this.region.pieceLines, this.region.outline] : [this.region.outline];
    for (const line of lines) {
      context.lineWidth = (4 * ratio) / scale;
      context.strokeStyle = "#000c";
      context.stroke(line);
      context.lineWidth = (1.8 * ratio) / scale;
      context.strokeStyle = line === this.region.outline ? "#fff" : "#ffe14d";
      context.stroke(line);
    }
    if (this.cut) {
      context.lineWidth = (2 * ratio) / scale;
      context.strokeStyle = "#ff3df0";
      context.stroke(this.cut);
    }
  }

  drawMap(style) {
    const { map, image, view } = this;
    if (!map) return;
    const ratio = devicePixelRatio || 1;
    const most = map.parentElement.clientWidth < 700 ? 84 : 132;
    const size = (most * ratio) / Math.max(image.width, image.height);
    map.width = Math.max(1, Math.round(image.width * size));
    map.height = Math.max(1, Math.round(image.height * size));
    map.style.width = `${map.width / ratio}px`;
    map.style.height = `${map.height / ratio}px`;
    const context = map.getContext("2d");
    const coarse = this.tiles.get(`/tiles/image/${whole(image, this.side)}`);
    if (coarse) context.drawImage(coarse, 0, 0, map.width, map.height);
    context.lineWidth = 2 * ratio;
    context.strokeStyle = style.getPropertyValue("--accent-on-dark") || "#fff";
    context.strokeRect(view.x * size, view.y * size, (this.canvas.width / view.scale) * size, (this.canvas.height / view.scale) * size);
    if (this.region) {
      const { left, top, width, height } = this.region;
      context.strokeStyle = "#ffe14d";
      context.strokeRect(left * size, top * size, Math.max(3, width * size), Math.max(3, height * size));
    }
  }

  jump(event) {
    const box = this.map.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.image.width;
    const y = ((event.clientY - box.top) / box.height) * this.image.height;
    this.view.x = x - this.canvas.width / 2 / this.view.scale;
    this.view.y = y - this.canvas.height / 2 / this.view.scale;
    this.redraw();
  }
}

/** Where a view of so many pixels begins: around a middle, but not beyond the image's edge; a whole image is centred. */
function start(middle, shown, size) {
  if (shown >= size) return (size - shown) / 2;
  const margin = shown * 0.02;
  return Math.min(Math.max(middle - shown / 2, -margin), size - shown + margin);
}

/** The address of the one tile that shows the whole image. */
export function whole(image, side) {
  const last = Math.max(0, Math.ceil(Math.log2(Math.max(image.width, image.height) / side)));
  return `${image.key}/${last}/0/0`;
}
