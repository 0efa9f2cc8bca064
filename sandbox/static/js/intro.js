/** The beginning of a conversation: what it is, and what one can type here. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./names.js";
import { store } from "./store.js";

function commandChip({ command, description }) {
  const chip = h("button", { type: "button", class: "chip-button", title: description }, command);
  chip.addEventListener("click", () => {
    const input = document.getElementById("composer-input");
    if (!input) return;
    input.value = `${command} `;
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return chip;
}

export function renderIntro(conversation) {
  if (conversation.kind === "im") {
    return h(
      "li",
      { class: "intro" },
      avatar(null, "large"),
      h("h3", {}, store.app.name),
      h(
        "p",
        {},
        `This is the beginning of your direct messages with ${store.app.name}. Nobody else can read them.`,
      ),
    );
  }
  return h(
    "li",
    { class: "intro" },
    h(
      "span",
      { class: "intro-icon", "aria-hidden": "true" },
      icon(conversation.is_private ? "lock" : "hash"),
    ),
    h("h3", {}, conversation.name),
    h("p", {}, `This is the beginning of #${conversation.name}. Type / or begin with one of these:`),
    h("div", { class: "intro-commands" }, store.commands.map(commandChip)),
  );
}
