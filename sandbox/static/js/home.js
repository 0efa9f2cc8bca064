/** The app's Home tab. */

import * as api from "./api.js";
import { renderBlocks } from "./blocks/index.js";
import { fill, h } from "./dom.js";
import { avatar } from "./names.js";
import { on, store } from "./store.js";
import { createSurface, Form } from "./surface.js";
import { toast } from "./toast.js";

function empty() {
  return h(
    "div",
    { class: "home-empty" },
    avatar(null, "large"),
    h("h3", {}, `${store.app.name} has not set up its Home yet`),
    h("p", {}, "It appears here as soon as the app publishes it."),
  );
}

/** Open the Home tab in `body`; gives the function that stops its updates. */
export function renderHome(body) {
  const user = store.me.id;
  const form = new Form();
  let drawn = "";

  function draw(view) {
    const text = JSON.stringify(view?.blocks ?? null);
    if (text === drawn) return;
    drawn = text;
    body.removeAttribute("aria-busy");
    if (!view) {
      fill(body, empty());
      return;
    }
    const focused = document.activeElement?.closest?.("[data-action-id]")?.dataset.actionId;
    const surface = createSurface("home", { type: "home", user }, form);
    fill(body, h("div", { class: "home", "data-view-id": view.id }, renderBlocks(view.blocks, surface)));
    if (focused) body.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)?.focus();
  }

  async function load() {
    try {
      const { view } = await api.getHome(user);
      if (store.homeView === undefined || view) store.homeView = view;
      draw(store.homeView);
    } catch (error) {
      body.removeAttribute("aria-busy");
      toast(error.message, "error");
    }
  }

  body.setAttribute("aria-busy", "true");
  if (store.homeView) draw(store.homeView);
  const stops = [on("home", () => draw(store.homeView)), on("home_stale", load)];
  load();
  return () => stops.forEach((stop) => stop());
}
