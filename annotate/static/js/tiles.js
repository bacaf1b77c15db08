// Tiles of images and label maps, kept up to a number; ids of superpixels as numbers.

const KEPT = 480; // the question that is shown and five to come: at most 40 tiles each, images and labels

export class Tiles {
  constructor(side, changed) {
    this.side = side;
    this.changed = changed; // called when a tile has come
    this.kept = new Map();
  }

  /** The tile's picture, or null until it has come. */
  get(path) {
    let tile = this.kept.get(path);
    if (tile) {
      this.kept.delete(path);
    } else {
      tile = new Image();
      tile.decoding = "async";
      tile.src = path;
      tile.ready = false;
      tile.decode().then(() => { tile.ready = true; this.changed(); }, () => { this.kept.delete(path); });
    }
    this.kept.set(path, tile);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return tile.ready ? tile : null;
  }
}

/** Which tiles cover a part of an image, given in its full-size pixels, of the size nearest to the screen's: none of their pixels covers more than 1.24 of the screen's. */
export function covering(image, side, scale, left, top, right, bottom) {
  const last = Math.max(0, Math.ceil(Math.log2(Math.max(image.width, image.height) / side)));
  const level = Math.min(last, Math.max(0, Math.floor(Math.log2(1 / scale) + 0.31)));
  const step = side * 2 ** level;
  const found = [];
  for (let row = Math.max(0, Math.floor(top / step)); row * step < Math.min(bottom, image.height); row++) {
    for (let column = Math.max(0, Math.floor(left / step)); column * step < Math.min(right, image.width); column++) {
      found.push({
        place: `${image.key}/${level}/${column}/${row}`, x: column * step, y: row * step,
        width: Math.min(step, image.width - column * step), height: Math.min(step, image.height - row * step),
      });
    }
  }
  return found;
}

/** Superpixels of one image at full size; a tile is loaded when it is first asked for. */
export class Cells {
  constructor(image, side) {
    this.image = image;
    this.side = side;
    this.loaded = new Map();
  }

  async load(column, row) {
    const name = `${column}/${row}`;
    if (!this.loaded.has(name)) {
      this.loaded.set(name, null); // on its way
      const answer = await fetch(`/tiles/cells/${this.image.key}/0/${name}`);
      if (!answer.ok) return;
      const raw = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
      const bitmap = await createImageBitmap(await answer.blob(), raw);
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const ids = new Int32Array(bitmap.width * bitmap.height);
      for (let k = 0; k < ids.length; k++) ids[k] = (data[4 * k] << 16) | (data[4 * k + 1] << 8) | data[4 * k + 2];
      this.loaded.set(name, { ids, width: bitmap.width });
    }
  }

  /** Load what covers these pixels and one tile around. */
  around(left, top, right, bottom) {
    const clamp = (value, size) => Math.min(Math.max(0, Math.floor(value / this.side)), Math.floor((size - 1) / this.side));
    const work = [];
    for (let row = clamp(top - 1, this.image.height); row <= clamp(bottom, this.image.height); row++) {
      for (let column = clamp(left - 1, this.image.width); column <= clamp(right, this.image.width); column++) {
        work.push(this.load(column, row));
      }
    }
    return Promise.all(work);
  }

  /** The superpixel at a pixel; 0 outside the valid area, -1 where it is not loaded. */
  at(x, y) {
    const tile = this.loaded.get(`${Math.floor(x / this.side)}/${Math.floor(y / this.side)}`);
    return tile ? tile.ids[(y % this.side) * tile.width + (x % this.side)] : -1;
  }

  /** Call `paint(y, from, to)` for each row piece of the superpixel at a pixel. */
  spans(x, y, paint) {
    const id = this.at(x, y);
    if (id <= 0) return;
    const seen = new Set();
    const todo = [[x, y]];
    while (todo.length) {
      const [startX, row] = todo.pop();
      if (seen.has(row * this.image.width + startX)) continue;
      let from = startX;
      while (from > 0 && this.at(from - 1, row) === id) from--;
      let to = startX + 1;
      while (to < this.image.width && this.at(to, row) === id) to++;
      for (let column = from; column < to; column++) seen.add(row * this.image.width + column);
      paint(row, from, to);
      for (const next of [row - 1, row + 1]) {
        if (next < 0 || next >= this.image.height) continue;
        for (let column = from; column < to; column++) {
          const fresh = this.at(column, next) === id && !seen.has(next * this.image.width + column);
          if (fresh && (column === from || this.at(column - 1, next) !== id)) todo.push([column, next]);
        }
      }
    }
  }
}
