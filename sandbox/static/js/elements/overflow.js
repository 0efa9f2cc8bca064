/** Overflow menus. */

import { h, uid } from "../dom.js";
import { openFloating } from "../floating.js";
import { icon } from "../icons.js";
import { externalLink, plainText } from "../mrkdwn.js";

function overflowItem(option, choose) {
  const words = h(
    "span",
    { class: "option-words" },
    h("span", { class: "option-label" }, plainText(option.text)),
    option.description && h("span", { class: "option-description" }, plainText(option.description)),
  );
  const item = h(
    "button",
    { type: "button", role: "menuitem", class: "option", tabindex: "-1", "data-value": option.value },
    words,
  );
  item.addEventListener("click", () => {
    if (option.url) {
      const link = externalLink(option.url, "");
      if (link instanceof HTMLElement) link.click();
    }
    choose(option);
  });
  return item;
}

/** A button with a menu of its own; arrows move in it, Escape and Tab leave it. */
class Menu {
  constructor(element, scope) {
    const id = uid("menu");
    const button = { type: "button", class: "button button-icon", "aria-label": "More actions" };
    const state = { "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id };
    this.button = h("button", { ...button, ...state, ...scope.identity }, icon("more"));
    this.items = element.options.map((option) =>
      overflowItem(option, (chosen) => this.choose(chosen, scope)),
    );
    this.list = h(
      "div",
      { id, class: "popup menu", role: "menu", popover: "manual", "aria-label": "More actions" },
      this.items,
    );
    this.close = null;
    this.listen();
  }

  listen() {
    this.button.addEventListener("click", () => (this.close ? this.shut() : this.open()));
    this.button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" || this.close) return;
      event.preventDefault();
      this.open();
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusout", (event) => {
      if (!this.list.contains(event.relatedTarget) && event.relatedTarget !== this.button) this.shut();
    });
  }

  open() {
    this.close = openFloating(this.list, this.button, { align: "end" });
    this.button.setAttribute("aria-expanded", "true");
    this.items[0]?.focus();
  }

  shut() {
    this.close?.();
    this.close = null;
    this.button.setAttribute("aria-expanded", "false");
  }

  choose(option, scope) {
    this.shut();
    this.button.focus();
    scope.press({ selected_option: option }, this.button);
  }

  key(event) {
    const count = this.items.length;
    const at = this.items.indexOf(document.activeElement);
    const moves = { ArrowDown: (at + 1) % count, ArrowUp: (at - 1 + count) % count, Home: 0, End: count - 1 };
    if (event.key in moves) {
      event.preventDefault();
      this.items[moves[event.key]].focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.shut();
      this.button.focus();
    } else if (event.key === "Tab") this.shut();
  }
}

export function renderOverflow(element, scope) {
  const menu = new Menu(element, scope);
  return h("span", { class: "overflow" }, menu.button, menu.list);
}
