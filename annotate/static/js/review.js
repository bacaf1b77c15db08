// Questions one after the other: show one, take the answer, show the next at once; saving goes on behind.
import { Clock } from "./clock.js";
import { bind } from "./keys.js";
import { Outbox } from "./outbox.js";
import { $, Refused, ask, config, say, short, texts, windowName } from "./page.js";
import { makePicture, tell } from "./picture.js";
import { showProgress } from "./progress.js";
import { Queue } from "./queue.js";
import { Region } from "./region.js";

const clock = new Clock();
const { viewer, classes, brush, keys } = makePicture({ picked: pick, brushed: showBrush });
const asked = new URLSearchParams(location.search).get("query"); // one disputed question, for an expert
let comment = "";
let began = null; // when the last answer was given, until the next question is drawn
let said = 0; // when the last answer was given, in milliseconds since 1970: no two are equal

const outbox = new Outbox(({ what, answer, reason, progress }) => {
  const count = outbox.waiting.length;
  $("saved").textContent = what === "waiting" ? say(texts.state.offline, { n: count }) : count ? say(texts.state.saving, { n: count }) : texts.state.saved;
  $("saved").classList.toggle("wrong", what === "waiting");
  if (what === "taken" || what === "refused") queue.done.delete(answer.query); // if it is open, it comes again
  if (what === "taken") tell(texts.state.taken);
  if (what === "refused") tell(say(texts.state.refused, { reason }), true);
  if (progress && !count) showProgress(progress);
  if (answer) document.body.dataset.kept = answer.query;
});

const queue = new Queue(windowName(), outbox, {
  preload: (question) => {
    viewer.preload(question.image, question.box, question.labels);
    setTimeout(() => regionOf(question).picture, 0); // a large region's outline and mask are made before they are needed
  },
  progress: showProgress,
  offline: (trouble) => tell(trouble instanceof Refused ? trouble.message : texts.state.away, true),
});

function regionOf(question) {
  return (question.region ??= new Region(question.box, question.runs));
}

function className(k) {
  return k === null ? texts.question.unlabelled : config.classes[k].name;
}

function named(element, k) {
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.setProperty("background", k === null ? "transparent" : config.classes[k].colour);
  element.replaceChildren(swatch, className(k));
}

function show(question) {
  comment = "";
  if (brush.on) brush.end();
  for (const name of ["confirm", "network", "skip", "brush", "flag", "comment"]) $(name).disabled = question === null;
  document.body.dataset.query = question?.query ?? "";
  if (question === null) {
    Object.assign(viewer, { image: null, region: null });
    viewer.canvas.getContext("2d").clearRect(0, 0, viewer.canvas.width, viewer.canvas.height);
    $("asked").textContent = texts.state.done;
    $("about").textContent = texts.state.done_more;
    for (const name of ["shown", "predicted"]) $(name).replaceChildren();
    document.body.classList.add("done");
    return;
  }
  document.body.classList.remove("done");
  const { kind, shown, predicted, expected } = question;
  const several = kind === "multiclass";
  classes.reset(several);
  $("asked").textContent = kind === "correction" && shown === null ? texts.question.correction_unlabelled : texts.question[kind];
  named($("shown"), shown);
  for (const name of ["predicted-row", "network"]) $(name).hidden = predicted === null;
  named($("predicted"), predicted);
  const gain = expected === null ? "" : `, ${say(texts.question.expected, { n: short(expected) })}`;
  $("about").textContent = `${question.query}, ${question.image.name}${gain}`;
  showBrush();
  viewer.show(question.image, regionOf(question), question.labels);
  clock.start();
}

function showBrush() {
  $("brush").setAttribute("aria-pressed", brush.on);
  const accept = brush.on || queue?.current?.kind === "multiclass";
  $("confirm-text").textContent = accept ? texts.buttons.accept : texts.buttons.confirm;
}

/** Give the answer and show the next question. */
async function send(answer) {
  const question = queue.current;
  if (!question) return;
  const at = Math.max(Date.now(), said + 1);
  said = at;
  const body = { window: queue.window, query: question.query, at, ...clock.read(), ...answer };
  if (comment) body.comment = comment;
  if (asked) body.expert = true;
  outbox.add(body);
  began = performance.now();
  if (asked) {
    await outbox.send();
    location.assign("/disputed");
    return;
  }
  show(await queue.next());
}

function pick(k) {
  if (!queue.current) return;
  clock.clicks++;
  if (brush.on) classes.choose(k);
  else if (classes.several) classes.tick(k);
  else send({ kind: "class", classes: [k] });
}

function confirm() {
  if (!queue.current) return;
  const { kind, shown } = queue.current;
  if (brush.on) return sendBrushed();
  if (kind === "multiclass") {
    if (!classes.ticked.size) return tell(texts.state.tick);
    return send({ kind: "class_set", classes: [...classes.ticked] });
  }
  if (shown === null) return tell(texts.state.no_confirm);
  clock.clicks++;
  send(kind === "correction" ? { kind: "confirm" } : { kind: "class", classes: [shown] });
}

function sendBrushed() {
  const region = viewer.region;
  const parts = brush.paint.parts();
  const inside = [...brush.paint.tiles.values()].some((tile) => tile.values.some((value, place) => value
    && region.contains(tile.column * 256 + (place % 256), tile.row * 256 + Math.floor(place / 256))));
  if (!inside) return tell(texts.state.nothing_brushed);
  clock.clicks += brush.strokes;
  send({ kind: "mask", paint: parts });
}

function network() {
  if (!queue.current) return;
  if (queue.current.predicted === null) return tell(texts.state.no_network);
  pick(queue.current.predicted);
}

async function undo() {
  if (brush.on) return brush.end();
  await outbox.send();
  try {
    const { question, progress } = await ask("/api/undo", { window: queue.window });
    showProgress(progress);
    if (!question) return tell(texts.state.nothing);
    queue.putBefore(question);
    show(question);
    tell(texts.state.undone);
  } catch (trouble) {
    tell(trouble.message);
  }
}

/** A window with a text field; the text, or null where it was closed without. */
function askText({ title, label, save }) {
  const sheet = $("text-sheet");
  $("text-title").textContent = title;
  $("text-label").textContent = label;
  $("text-save").textContent = save;
  $("text").value = comment;
  sheet.returnValue = "";
  sheet.showModal();
  $("text").focus();
  return new Promise((resolve) => { // at once with the submit: the close comes later, maybe after the next key
    sheet.firstElementChild.onsubmit = ({ submitter }) => resolve(submitter === $("text-save") ? $("text").value.trim() : null);
    sheet.onclose = () => resolve(null);
  });
}

async function flag() {
  if (!queue.current) return;
  const text = await askText({ ...texts.flag, save: texts.flag.send });
  if (text === null) return;
  comment = text;
  clock.clicks++;
  send({ kind: "skip", flag: true });
  tell(texts.state.flagged);
}

async function remark() {
  if (queue.current) comment = (await askText({ ...texts.comment, save: texts.buttons.save })) ?? comment;
}

function skip() {
  clock.clicks++;
  send({ kind: "skip" });
}

function toggleBrush() {
  if (!queue.current) return;
  if (brush.on) return brush.end();
  brush.begin();
  classes.choose(queue.current.predicted ?? queue.current.shown);
}

const actions = { confirm, network, skip, undo, brush: toggleBrush, flag, comment: remark, help: () => $("help-sheet").showModal() };
for (const [name, action] of Object.entries(actions)) $(name).addEventListener("click", action);
bind({
  ...keys, Enter: confirm, n: network, " ": skip, u: undo, b: toggleBrush, f: flag, c: remark, "?": actions.help,
  Escape: () => brush.on && brush.end(),
}, (digit) => {
  const k = classes.byDigit(digit);
  if (k !== null) pick(k);
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $("text-save").click();
  }
});
viewer.onDrawn = () => {
  document.body.dataset.drawn = queue.current?.query ?? "";
  if (began === null) return;
  document.body.dataset.took = (performance.now() - began).toFixed(1); // milliseconds, for those who measure
  began = null;
};
addEventListener("pagehide", () => queue.leave());

/** While somebody is here: take the leases again, so that nobody else is asked; and look for new questions where none is left. */
setInterval(async () => {
  if (document.visibilityState !== "visible" || asked) return;
  if (queue.current) queue.fill(true);
  else if (document.body.classList.contains("done") && (await queue.next())) show(queue.current);
}, 20_000);

async function begin() {
  await Promise.race([outbox.send(), new Promise((resolve) => setTimeout(resolve, 1500))]);
  if (!asked) return show(await queue.next());
  try {
    const found = await ask(`/api/question?${new URLSearchParams({ query: asked, window: queue.window })}`);
    [queue.current] = found.questions;
    showProgress(found.progress);
    show(queue.current);
    $("said").hidden = false;
    $("said").append(...found.said.map(({ who, kind, classes: names, comment: text }) => {
      const line = document.createElement("li");
      line.textContent = `${who}: ${kind} ${names.join(", ")} ${text}`;
      return line;
    }));
  } catch (trouble) {
    tell(trouble.message, true);
  }
}
begin();
