// The brush: superpixels, free brush, eraser, cutting a region and filling a piece of it.
import { Cells } from "./tiles.js";
import { Paint } from "./paint.js";
import { $, config, texts } from "./page.js";

export class Brush {
  constructor(viewer, classes, changed) {
    Object.assign(this, { viewer, classes, changed, on: false, tool: "snap", strokes: 0, cutting: new Set() });
    for (const button of $("tools").querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.choose(button.dataset.tool));
    }
    $("clear").addEventListener("click", () => this.begin());
  }

  get size() {
    return Number($("brush-size").value);
  }

  resize(step) {
    $("brush-size").value = this.size + step;
  }

  choose(tool) {
    this.tool = tool;
    for (const button of $("tools").querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", button.dataset.tool === tool);
    }
    $("tool-hint").textContent = tool === "cut" || tool === "fill" ? texts.tools.cut_hint : texts.tools.hint;
  }

  /** Start with nothing painted. */
  begin() {
    const { image, region } = this.viewer;
    this.on = true;
    this.strokes = 0;
    this.paint = new Paint(image, config.classes.map((each) => each.colour));
    if (this.cells?.image.key !== image.key) this.cells = new Cells(image, config.side);
    this.viewer.paint = this.paint;
    this.viewer.cut = null;
    this.cutting = new Set();
    if (region) region.pieces = null;
    $("tools").hidden = false;
    for (const name of ["cut", "fill"]) $("tools").querySelector(`[data-tool=${name}]`).hidden = !region;
    this.choose(region || !["cut", "fill"].includes(this.tool) ? this.tool : "snap");
    this.nearby();
    this.viewer.redraw();
    this.changed();
  }

  end() {
    this.on = false;
    this.paint = this.viewer.paint = this.viewer.cut = null;
    if (this.viewer.region) this.viewer.region.pieces = null;
    $("tools").hidden = true;
    this.viewer.redraw();
    this.changed();
  }

  /** Load the superpixels of what can be seen. */
  nearby() {
    const { view, canvas } = this.viewer;
    return this.cells.around(view.x, view.y, view.x + canvas.width / view.scale, view.y + canvas.height / view.scale);
  }

  down([x, y]) {
    this.strokes++;
    this.last = [x, y];
    if (this.tool === "cut") {
      this.viewer.cut ??= new Path2D();
      this.viewer.cut.moveTo(x + 0.5, y + 0.5);
    }
    this.move([x, y]);
  }

  /** Everything between the last pixel and this one. */
  move([x, y]) {
    const [fromX, fromY] = this.last;
    const steps = Math.max(1, Math.abs(x - fromX), Math.abs(y - fromY));
    let before = [fromX, fromY];
    for (let k = 0; k <= steps; k++) {
      const here = [Math.round(fromX + ((x - fromX) * k) / steps), Math.round(fromY + ((y - fromY) * k) / steps)];
      this.touch(here, before);
      before = here;
    }
    this.last = [x, y];
    this.viewer.redraw();
    this.changed();
  }

  touch([x, y], [beforeX]) {
    const named = this.tool === "erase" ? null : this.classes.chosen;
    const fill = (row, from, to) => this.paint.span(row, from, to, named);
    if (this.tool === "snap") {
      if (this.cells.at(x, y) === -1) this.nearby();
      this.cells.spans(x, y, fill);
    } else if (this.tool === "fill") {
      this.viewer.region?.spans(x, y, fill);
    } else if (this.tool === "cut") {
      const { width } = this.viewer.image;
      this.cutting.add(y * width + x).add(y * width + beforeX); // no diagonal gap
      this.viewer.cut.lineTo(x + 0.5, y + 0.5);
    } else {
      this.paint.disc(x, y, this.size / 2, named);
    }
  }

  up() {
    if (this.tool !== "cut") return;
    this.viewer.region.cut(this.cutting, this.viewer.image.width);
    this.viewer.cut = null;
    this.choose("fill");
    this.viewer.redraw();
  }

  /** Whether a stroke needs a class that nobody has chosen yet. */
  get needsClass() {
    return !["erase", "cut"].includes(this.tool) && this.classes.chosen === null;
  }
}
