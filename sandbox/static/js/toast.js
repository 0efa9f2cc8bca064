/** Short notices in a corner. Errors stay longer and can be closed. */

import { announce, h } from "./dom.js";
import { icon } from "./icons.js";

/** Take a notice away, because its words stand somewhere better. */
export function dismissToast(text) {
  for (const node of document.querySelectorAll("#toasts .toast")) {
    if (node.querySelector("p").textContent === text) node.remove();
  }
}

const SHOWN_MS = { info: 5000, error: 12000 };

/** A popover that is shown last lies above everything, an open modal too. */
function raise(box) {
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
}

/** Show a notice; one that is on the screen already is not shown twice. */
export function toast(text, level = "info") {
  const box = document.getElementById("toasts");
  dismissToast(text);
  const close = h(
    "button",
    { class: "icon-button", type: "button", "aria-label": "Dismiss notice" },
    icon("close"),
  );
  const node = h(
    "div",
    { class: `toast toast-${level}` },
    icon(level === "error" ? "warning" : "info"),
    h("p", {}, text),
    close,
  );
  close.addEventListener("click", () => node.remove());
  box.append(node);
  raise(box);
  announce(text);
  while (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => node.remove(), SHOWN_MS[level] ?? SHOWN_MS.info);
}
