// A region as the server tells it (box and run lengths): its mask, its outline, its pieces when it was cut.

export class Region {
  constructor(box, runs) {
    [this.top, this.left, this.height, this.width] = box;
    this.mask = new Uint8Array(this.height * this.width);
    let place = 0;
    runs.forEach((run, k) => {
      if (k % 2) this.mask.fill(1, place, place + run);
      place += run;
    });
    this.outline = outline(this.mask, this.width, this.height, this.left, this.top);
    this.pieces = null;
  }

  contains(x, y) {
    return x >= this.left && y >= this.top && x < this.left + this.width && y < this.top + this.height
      && this.mask[(y - this.top) * this.width + x - this.left] > 0;
  }

  /** The mask as a picture, to cut the region out of the label colours. */
  get picture() {
    if (!this.drawn) {
      this.drawn = new OffscreenCanvas(this.width, this.height);
      const data = new ImageData(this.width, this.height);
      for (let k = 0; k < this.mask.length; k++) data.data[4 * k + 3] = this.mask[k] ? 255 : 0;
      this.drawn.getContext("2d").putImageData(data, 0, 0);
    }
    return this.drawn;
  }

  /** Divide along cut pixels (a Set of y * imageWidth + x); pieces are numbered from 1, cut pixels join the nearest piece. */
  cut(pixels, imageWidth) {
    const pieces = new Int32Array(this.mask.length);
    const blocked = (k) => pixels.has((Math.floor(k / this.width) + this.top) * imageWidth + (k % this.width) + this.left);
    let count = 0;
    for (let start = 0; start < pieces.length; start++) {
      if (!this.mask[start] || pieces[start] || blocked(start)) continue;
      count++;
      const todo = [start];
      pieces[start] = count;
      while (todo.length) {
        for (const k of this.neighbours(todo.pop())) {
          if (this.mask[k] && !pieces[k] && !blocked(k)) {
            pieces[k] = count;
            todo.push(k);
          }
        }
      }
    }
    let ring = [];
    for (let k = 0; k < pieces.length; k++) if (pieces[k]) ring.push(k);
    while (ring.length) {
      const next = [];
      for (const from of ring) {
        for (const k of this.neighbours(from)) {
          if (this.mask[k] && !pieces[k]) {
            pieces[k] = pieces[from];
            next.push(k);
          }
        }
      }
      ring = next;
    }
    this.pieces = pieces;
    this.pieceLines = new Path2D();
    for (let piece = 1; piece <= count; piece++) {
      const mask = pieces.map((value) => (value === piece ? 1 : 0));
      this.pieceLines.addPath(outline(mask, this.width, this.height, this.left, this.top));
    }
    return count;
  }

  neighbours(k) {
    const x = k % this.width;
    const found = [];
    if (x > 0) found.push(k - 1);
    if (x < this.width - 1) found.push(k + 1);
    if (k >= this.width) found.push(k - this.width);
    if (k + this.width < this.mask.length) found.push(k + this.width);
    return found;
  }

  /** Call `paint(y, from, to)` for the rows of the piece at a pixel, or of the whole region where it was not cut. */
  spans(x, y, paint) {
    if (!this.contains(x, y)) return;
    const wanted = this.pieces ? this.pieces[(y - this.top) * this.width + x - this.left] : 0;
    const inside = (k) => this.mask[k] && (!wanted || this.pieces[k] === wanted);
    for (let row = 0; row < this.height; row++) {
      for (let from = 0; from < this.width; from++) {
        if (!inside(row * this.width + from)) continue;
        let to = from + 1;
        while (to < this.width && inside(row * this.width + to)) to++;
        paint(row + this.top, from + this.left, to + this.left);
        from = to;
      }
    }
  }
}

/** The edges between pixels inside and outside, as lines in the image's pixels. */
export function outline(mask, width, height, left, top) {
  const path = new Path2D();
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : mask[y * width + x]);
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x < width; x++) {
      if (at(x, y) === at(x, y - 1)) continue;
      const from = x;
      while (x < width && at(x, y) !== at(x, y - 1)) x++;
      path.moveTo(from + left, y + top);
      path.lineTo(x + left, y + top);
    }
  }
  for (let x = 0; x <= width; x++) {
    for (let y = 0; y < height; y++) {
      if (at(x, y) === at(x - 1, y)) continue;
      const from = y;
      while (y < height && at(x, y) !== at(x - 1, y)) y++;
      path.moveTo(x + left, from + top);
      path.lineTo(x + left, y + top);
    }
  }
  return path;
}
