// What every script of a page needs: texts, settings, elements, requests.

export const texts = JSON.parse(document.getElementById("texts").textContent);
export const config = JSON.parse(document.getElementById("config").textContent);
export const $ = (id) => document.getElementById(id);

/** A text with its {names} filled in. */
export function say(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** A number with few digits, as people read it. */
export function short(number) {
  return number >= 10 ? Math.round(number).toLocaleString("en") : number.toFixed(1);
}

export class Refused extends Error {}

/** Ask the server. Throws Refused where it says no, TypeError where it cannot be reached. */
export async function ask(path, body) {
  const how = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(path, how);
  if (answer.status >= 500) throw new TypeError(`the server answered ${answer.status}`);
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(content.error || content.detail || answer.statusText);
  return content;
}

/** The name of this window: kept over a reload, another one in each tab. */
export function windowName() {
  let name = sessionStorage.getItem("segmend-window");
  if (!name) {
    const random = crypto.getRandomValues(new Uint8Array(8));
    name = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("segmend-window", name);
  }
  return name;
}
