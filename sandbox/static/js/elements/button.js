/** Buttons and overflow menus. */

import { h, uid } from "../dom.js";
import { openFloating } from "../floating.js";
import { icon } from "../icons.js";
import { externalLink, plainText } from "../mrkdwn.js";

const STYLE_CLASS = { primary: "button-primary", danger: "button-danger" };

export function renderButton(element, scope) {
  const label = plainText(element.text);
  const shared = {
    class: `button ${STYLE_CLASS[element.style] ?? ""}`,
    "aria-label": element.accessibility_label,
    ...scope.identity,
    "data-value": element.value,
  };
  const action = { text: element.text, ...(element.value === undefined ? {} : { value: element.value }) };
  if (element.url) {
    const link = externalLink(element.url, label);
    if (link instanceof HTMLElement) {
      for (const [name, value] of Object.entries(shared))
        if (value !== undefined) link.setAttribute(name, value);
      link.addEventListener("click", () => scope.press(action, link));
      return link;
    }
  }
  const button = h("button", { type: "button", ...shared }, h("span", {}, label));
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-busy") !== "true") scope.press(action, button);
  });
  return button;
}

export function renderOverflow(element, scope) {
  const menuId = uid("menu");
  const button = h(
    "button",
    {
      type: "button",
      class: "button button-icon",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-controls": menuId,
      "aria-label": "More actions",
      ...scope.identity,
    },
    icon("more"),
  );
  const items = element.options.map((option) =>
    overflowItem(option, (chosen) => {
      shut();
      button.focus();
      scope.press({ selected_option: chosen }, button);
    }),
  );
  const menu = h(
    "div",
    { id: menuId, class: "popup menu", role: "menu", popover: "manual", "aria-label": "More actions" },
    items,
  );
  let close = null;

  function shut() {
    close?.();
    close = null;
    button.setAttribute("aria-expanded", "false");
  }

  function open() {
    close = openFloating(menu, button, { align: "end" });
    button.setAttribute("aria-expanded", "true");
    items[0]?.focus();
  }

  button.addEventListener("click", () => (close ? shut() : open()));
  button.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !close) {
      event.preventDefault();
      open();
    }
  });
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const to = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[to].focus();
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      shut();
      button.focus();
    }
    if (event.key === "Tab") shut();
  });
  menu.addEventListener("focusout", (event) => {
    if (!menu.contains(event.relatedTarget) && event.relatedTarget !== button) shut();
  });
  return h("span", { class: "overflow" }, button, menu);
}

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
