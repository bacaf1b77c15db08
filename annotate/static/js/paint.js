// What was brushed: a class (or none) for each pixel, kept in tiles, so that a large image costs no more than what is painted.

const SIDE = 256;
const WHITE = [255, 255, 255];

export class Paint {
  constructor(image, colours) {
    this.image = image;
    this.colours = colours.map((text) => [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16)));
    this.tiles = new Map(); // "column/row" -> {values: class + 1 per pixel, canvas, data, stale}
    this.count = 0;
  }

  get empty() {
    return this.count === 0;
  }

  tile(column, row) {
    const name = `${column}/${row}`;
    if (!this.tiles.has(name)) {
      this.tiles.set(name, {
        column, row, values: new Uint8Array(SIDE * SIDE), canvas: new OffscreenCanvas(SIDE, SIDE),
        data: new ImageData(SIDE, SIDE), stale: false,
      });
    }
    return this.tiles.get(name);
  }

  /** Give the pixels from..to of a row a class; null takes it away. */
  span(y, from, to, named) {
    if (y < 0 || y >= this.image.height) return;
    const value = named === null ? 0 : named + 1;
    const colour = named === null ? [0, 0, 0] : this.colours[named];
    for (let x = Math.max(0, from); x < Math.min(to, this.image.width); x++) {
      const tile = this.tile(Math.floor(x / SIDE), Math.floor(y / SIDE));
      const place = (y % SIDE) * SIDE + (x % SIDE);
      if (tile.values[place] === value) continue;
      this.count += (value > 0) - (tile.values[place] > 0);
      tile.values[place] = value;
      const dot = (x + y) % 4 === 0; // so that paint is seen on an image of its own colour
      tile.data.data.set(dot ? WHITE : colour, 4 * place);
      tile.data.data[4 * place + 3] = value ? (dot ? 200 : 150) : 0;
      tile.stale = true;
    }
  }

  /** A disc around a pixel. */
  disc(x, y, radius, named) {
    const reach = Math.floor(radius);
    for (let dy = -reach; dy <= reach; dy++) {
      const dx = Math.floor(Math.sqrt(radius * radius - dy * dy));
      this.span(y + dy, x - dx, x + dx + 1, named);
    }
  }

  draw(context) {
    context.save();
    context.imageSmoothingEnabled = false;
    for (const tile of this.tiles.values()) {
      if (tile.stale) {
        tile.canvas.getContext("2d").putImageData(tile.data, 0, 0);
        tile.stale = false;
      }
      context.drawImage(tile.canvas, tile.column * SIDE, tile.row * SIDE);
    }
    context.restore();
  }

  /** One entry a class, in the form in which the server takes it: its box and the run lengths in it. */
  parts() {
    const boxes = new Map();
    for (const tile of this.tiles.values()) {
      tile.values.forEach((value, place) => {
        if (!value) return;
        const x = tile.column * SIDE + (place % SIDE);
        const y = tile.row * SIDE + Math.floor(place / SIDE);
        const box = boxes.get(value);
        if (!box) boxes.set(value, [y, x, y, x]);
        else boxes.set(value, [Math.min(box[0], y), Math.min(box[1], x), Math.max(box[2], y), Math.max(box[3], x)]);
      });
    }
    return [...boxes].sort((a, b) => a[0] - b[0]).map(([value, [top, left, bottom, right]]) => {
      const runs = [];
      let inside = false;
      let run = 0;
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const tile = this.tiles.get(`${Math.floor(x / SIDE)}/${Math.floor(y / SIDE)}`);
          const here = tile !== undefined && tile.values[(y % SIDE) * SIDE + (x % SIDE)] === value;
          if (here !== inside) {
            runs.push(run);
            run = 0;
            inside = here;
          }
          run++;
        }
      }
      runs.push(run);
      return { named: value - 1, box: [top, left, bottom - top + 1, right - left + 1], runs };
    });
  }
}
