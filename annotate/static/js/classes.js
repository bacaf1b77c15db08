// The list of classes: colours, number keys, type-ahead; one is named, or several are ticked.
import { $, config } from "./page.js";

export class ClassList {
  constructor(onPick) {
    Object.assign(this, { onPick, several: false, ticked: new Set(), chosen: null });
    this.field = $("find-class");
    this.items = config.classes.map((each, k) => this.item(each, k));
    $("class-list").append(...this.items);
    this.field.addEventListener("input", () => this.filter());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      } else if (event.key === "Enter") {
        event.preventDefault();
        event.stopPropagation();
        const first = this.matches()[0];
        this.close();
        if (first !== undefined) this.onPick(first);
      }
    });
  }

  item({ name, colour }, k) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.setProperty("background", colour);
    const label = document.createElement("span");
    label.className = "class-name";
    label.textContent = name;
    button.append(swatch, label);
    if (k < 10) {
      const key = document.createElement("kbd");
      key.textContent = (k + 1) % 10;
      button.append(key);
    }
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => this.onPick(k));
    item.append(button);
    return item;
  }

  /** The class of a number key; null where there is none. */
  byDigit(digit) {
    const k = (Number(digit) + 9) % 10;
    return k < config.classes.length ? k : null;
  }

  reset(several) {
    Object.assign(this, { several, chosen: null });
    this.ticked.clear();
    this.show();
  }

  tick(k) {
    if (!this.ticked.delete(k)) this.ticked.add(k);
    this.show();
  }

  choose(k) {
    this.chosen = k;
    this.show();
  }

  show() {
    this.items.forEach((item, k) => {
      const pressed = this.several ? this.ticked.has(k) : this.chosen === k;
      item.firstChild.setAttribute("aria-pressed", pressed);
    });
  }

  /** Classes whose name holds what was typed, those that begin with it first. */
  matches() {
    const typed = this.field.value.trim().toLowerCase();
    const names = config.classes.map((each) => each.name.toLowerCase());
    const found = names.map((name, k) => k).filter((k) => names[k].includes(typed));
    return found.sort((a, b) => names[b].startsWith(typed) - names[a].startsWith(typed) || a - b);
  }

  filter() {
    const shown = new Set(this.matches());
    this.items.forEach((item, k) => { item.hidden = !shown.has(k); });
  }

  open() {
    this.field.value = "";
    this.filter();
    this.field.focus();
  }

  close() {
    this.field.value = "";
    this.filter();
    this.field.blur();
    $("picture").focus({ preventScroll: true });
  }
}
