// Keys: a table from key to action; nothing happens while somebody types or a window is open.

export function bind(table, digit) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const field = event.target.closest?.("input, textarea, select");
    if (field && field.type !== "range") return;
    const onButton = event.target.closest?.("button, a");
    if (onButton && onButton.matches(":focus-visible") && (event.key === "Enter" || event.key === " ")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (/^[0-9]$/.test(key) && digit) {
      event.preventDefault();
      digit(key);
    } else if (table[key]) {
      event.preventDefault();
      table[key]();
    }
  });
}

/** The keys that every picture has. */
export function pictureKeys(viewer, overlay) {
  const step = () => viewer.canvas.width / 8;
  return {
    "+": () => viewer.zoom(1.4), "=": () => viewer.zoom(1.4), "-": () => viewer.zoom(1 / 1.4), r: () => viewer.fit(), o: overlay,
    ArrowLeft: () => viewer.pan(step(), 0), ArrowRight: () => viewer.pan(-step(), 0),
    ArrowUp: () => viewer.pan(0, step()), ArrowDown: () => viewer.pan(0, -step()),
  };
}

/** The keys of the brush; each is ignored while there is none. */
export function brushKeys(brush) {
  const tools = { g: "snap", p: "free", e: "erase", k: "cut", l: "fill" };
  const choose = (name) => () => {
    const cutting = name === "cut" || name === "fill";
    if (brush.on && (brush.viewer.region || !cutting)) brush.choose(name);
  };
  const table = Object.fromEntries(Object.entries(tools).map(([key, name]) => [key, choose(name)]));
  return { ...table, "[": () => brush.resize(-2), "]": () => brush.resize(2) };
}
