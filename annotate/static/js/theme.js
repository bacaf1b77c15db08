// Light or dark: as the system says, unless somebody chose. Runs before the page is drawn.
(() => {
  const order = ["auto", "light", "dark"];
  const apply = (name) => document.documentElement.setAttribute("data-theme", name);
  let now = localStorage.getItem("segmend-theme");
  if (!order.includes(now)) now = "auto";
  apply(now);
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const text = JSON.parse(document.getElementById("texts").textContent).theme;
    const tell = () => {
      button.title = `${text.label}: ${text[now]}`;
      button.setAttribute("aria-label", button.title);
    };
    tell();
    button.addEventListener("click", () => {
      now = order[(order.indexOf(now) + 1) % order.length];
      localStorage.setItem("segmend-theme", now);
      apply(now);
      tell();
      dispatchEvent(new Event("themechange"));
    });
  });
})();
