// The page says everything without this script. It puts times into the reader's own zone and language, and shows
// what is new while the page is open.
(() => {
  "use strict";
  const full = new Intl.DateTimeFormat(undefined, {
    day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  const month = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });

  function localise(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const words = element.textContent;
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime()) || element.title) continue;
      element.title = words;
      // A day or a month is that of the page, in whatever zone it is read.
      const whole = { 10: day, 7: month }[element.dateTime.length];
      element.textContent = (whole || (/^\d\d:\d\d/.test(words) ? clock : full)).format(at);
      element.lang = full.resolvedOptions().locale;
    }
  }

  async function look() {
    if (document.hidden) return;
    try {
      const status = await (await fetch(document.body.dataset.live)).json();
      if (status.page.updated_at === document.body.dataset.seen) return;
      const answer = await fetch(location.pathname);
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = document.getElementById("main");
      // Never take away what somebody reads with the keyboard.
      if (main.contains(document.activeElement) && document.activeElement !== main) return;
      localise(fresh);
      main.replaceChildren(...fresh.getElementById("main").childNodes);
      document.body.className = fresh.body.className;
      document.body.dataset.seen = fresh.body.dataset.seen;
      document.title = fresh.title;
      document.getElementById("news").textContent = main.querySelector("h1").textContent;
    } catch {
      // Offline, or the page is being moved: what is shown stays, and the next look tells.
    }
  }

  // Any day can be read with the keyboard: from where the tab key stops, the arrows go on, over days that are folded away.
  const ways = { ArrowLeft: -1, ArrowRight: 1 };
  document.addEventListener("keydown", (event) => {
    const day = document.activeElement && document.activeElement.closest(".day");
    if (!day || !(event.key in ways || event.key === "Home" || event.key === "End")) return;
    const days = [...day.parentElement.children].filter((one) => one.getClientRects().length);
    const next = { Home: days[0], End: days[days.length - 1] }[event.key] || days[days.indexOf(day) + ways[event.key]];
    if (next) next.focus();
    event.preventDefault();
  });

  // What a day says can be put away without moving the mouse or the focus.
  document.addEventListener("keydown", (event) => {
    const shown = event.key === "Escape" && document.querySelector(".day:hover, .day:focus");
    if (!shown) return;
    shown.classList.add("shut");
    for (const end of ["mouseleave", "blur"]) {
      shown.addEventListener(end, () => shown.classList.remove("shut"), { once: true });
    }
  });

  // On paper nothing can be opened any more.
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });

  localise(document);
  if (document.body.dataset.live) setInterval(look, 30000);
})();
