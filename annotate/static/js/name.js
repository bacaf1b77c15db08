// Who are you? Asked once.
import { $, ask, texts } from "./page.js";

$("name-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("/api/name", { name: $("name").value.trim() });
    location.reload();
  } catch {
    $("status").textContent = texts.name.wrong;
  }
});
