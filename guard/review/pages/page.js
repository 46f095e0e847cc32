// Keys, the warning before the lock, and the cover. Everything works without it.
"use strict";
(() => {
  const body = document.body;
  const cover = document.getElementById("cover");
  const stay = document.getElementById("stay");
  const lock = document.getElementById("lock");
  const same = { s: "1", t: "2", n: "3", z: "u", arrowright: "j", arrowleft: "k" };

  const covered = (on) => {
    cover.hidden = !on;
    for (const part of body.children) if (part !== cover) part.inert = on;
    if (on) cover.querySelector("button").focus();
  };
  cover.querySelector("button").addEventListener("click", () => covered(false));

  const go = (path) => location.assign(path);
  const own = {
    c: () => covered(true),
    l: () => lock.requestSubmit(),
    "?": () => go("/keys"),
    "/": () => go("/search"),
    ".": () => {
      const note = document.getElementById("note");
      if (note) note.focus();
    },
    o: () => {
      const whole = document.querySelector("details.whole");
      if (whole) whole.open = !whole.open;
    },
  };
  const meanings = JSON.parse(body.dataset.meanings || "{}");
  const pressed = (typed) => {
    // A key that she moved does nothing at its old place.
    const key = Object.hasOwn(meanings, typed) ? meanings[typed] : typed;
    if (!key) return false;
    const wanted = document.querySelector(`[data-key="${CSS.escape(same[key] || key)}"]`);
    const does = own[key] || (wanted && (() => wanted.click()));
    if (does) does();
    return Boolean(does);
  };

  let busy = false;
  document.addEventListener("submit", (event) => {
    // Quick fingers press once for each page.
    if (busy && event.target !== lock) event.preventDefault();
    // A form whose answer is a file leaves the page as it is.
    busy = !event.target.hasAttribute("data-saves");
  });
  // A page that comes back from the browser's memory may be used again.
  addEventListener("pageshow", () => { busy = false; });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Escape" && event.target.id === "note") event.target.blur();
    if (body.dataset.keys !== "on" || typing || busy || !cover.hidden) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    const key = event.key.toLowerCase();
    if (key.length > 1 && !key.startsWith("arrow")) return;
    if (pressed(key)) event.preventDefault();
  });

  const idle = Number(body.dataset.idle);
  const warn = Number(body.dataset.warn);
  const opened = Date.now();
  let away = false;
  // By the clock, not by a timer: a lid that was shut for an hour must not stop the time.
  const look = () => {
    const left = idle - (Date.now() - opened) / 1000;
    if (left <= 0 && !away) {
      // Only this tab: she may be at work in another, and the server knows when nobody is.
      away = true;
      go("/away");
    } else if (left <= warn && stay.hidden) {
      stay.querySelector("p").textContent = "guard is about to lock.";
      stay.hidden = false;
    }
  };
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);

  const heading = document.getElementById("heading");
  // After an answer the reader stands at the next message, not at the top of the page.
  if (heading && document.querySelector(".said")) heading.focus();
})();
