// Mouse, pen and fingers on the picture: one paints or moves it, two move and zoom it; the wheel zooms.

export function listen(viewer, brush, refuse) {
  const { canvas } = viewer;
  const fingers = new Map();
  let painting = false;
  let apart = 0;

  const between = () => {
    const [a, b] = [...fingers.values()];
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, apart: Math.hypot(a[0] - b[0], a[1] - b[1]) };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (!viewer.image) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, viewer.point(event));
    painting = false;
    if (fingers.size === 2) apart = between().apart;
    else if (brush.on && event.button === 0) {
      if (brush.needsClass) return refuse();
      painting = true;
      brush.down(viewer.pixel(event));
    }
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.get(event.pointerId);
    const middle = fingers.size === 2 ? between() : null;
    fingers.set(event.pointerId, viewer.point(event));
    if (fingers.size === 2) {
      const now = between();
      viewer.pan(now.x - middle.x, now.y - middle.y);
      if (apart > 0) viewer.zoom(now.apart / apart, now.x, now.y);
      apart = now.apart;
    } else if (painting) {
      brush.move(viewer.pixel(event));
    } else if (!brush.on || event.buttons !== 1) {
      const [x, y] = viewer.point(event);
      viewer.pan(x - before[0], y - before[1]);
    }
  });

  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      if (painting) brush.up();
      painting = false;
      if (brush.on) brush.nearby();
    });
  }

  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    viewer.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...viewer.point(event));
  }, { passive: false });
}
