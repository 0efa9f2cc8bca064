/** Buttons, and buttons that are links. */

import { h } from "../dom.js";
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
