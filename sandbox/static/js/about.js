/** The app's About tab. */

import { h } from "./dom.js";
import { avatar, roleHint } from "./names.js";
import { store } from "./store.js";

function renderCommand({ command, usage_hint: hint, description }) {
  const usage = hint && h("span", { class: "usage" }, ` ${hint}`);
  return [h("dt", {}, h("code", {}, command), usage), h("dd", {}, description)];
}

function renderFact([name, value]) {
  return [h("dt", {}, name), h("dd", {}, h("code", {}, value))];
}

export function renderAbout() {
  const link = store.connected ? "It is connected." : "It is not connected just now.";
  const facts = [
    ["App", store.app.id],
    ["Bot user", store.app.bot_user_id],
    ["Workspace", store.team.id],
    ["You", `${store.me.id}, ${roleHint(store.me)}`],
  ];
  return h(
    "div",
    { class: "about" },
    h(
      "div",
      { class: "about-card" },
      avatar(null, "large"),
      h("div", {}, h("h3", {}, store.app.name), h("p", {}, `An app in ${store.team.name}. ${link}`)),
    ),
    h("h3", {}, "Slash commands"),
    h("dl", { class: "command-list" }, store.commands.map(renderCommand)),
    h("h3", {}, "Details"),
    h("dl", { class: "facts" }, facts.map(renderFact)),
  );
}
