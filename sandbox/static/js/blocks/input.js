/** The `input` block: label, hint, field and the place for its error. */

import { h, uid } from "../dom.js";
import { renderElement } from "../elements/index.js";
import { plainText } from "../mrkdwn.js";

const GROUPS = new Set(["checkboxes", "radio_buttons"]);

export function renderInput(block, surface) {
  const labelId = uid("label");
  const hintId = block.hint ? uid("hint") : null;
  const errorId = uid("error");
  const described = [hintId, errorId].filter(Boolean).join(" ");
  const field = renderElement(block.element, block, surface, {
    labelProps: {
      "aria-labelledby": labelId,
      "aria-describedby": described,
      "aria-required": block.optional || GROUPS.has(block.element.type) ? null : "true",
    },
    inInput: true,
    optional: Boolean(block.optional),
  });
  const label = h(
    "div",
    { class: "input-label", id: labelId },
    plainText(block.label),
    block.optional && h("span", { class: "input-optional" }, " (optional)"),
  );
  label.addEventListener(
    "click",
    () => field.querySelector("input, textarea, button")?.focus() ?? field.focus?.(),
  );
  return h(
    "div",
    { class: "input" },
    label,
    field,
    h("p", { class: "input-error", id: errorId, role: "alert" }),
    block.hint && h("p", { class: "input-hint", id: hintId }, plainText(block.hint)),
  );
}

/** The control that takes the focus when its block has an error. */
export const controlOf = (node) =>
  node.querySelector("[data-action-id]:is(input, textarea), [data-action-id] input, input, textarea, button");

/** Show an error beside an input block, or take it away with an empty text. */
export function setInputError(node, text) {
  const place = node.querySelector(".input-error");
  if (!place) return false;
  place.textContent = text;
  node.classList.toggle("has-error", Boolean(text));
  const control = controlOf(node);
  if (text) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
  return true;
}
