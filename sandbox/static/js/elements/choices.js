/** Checkboxes and radio buttons. */

import { h, uid } from "../dom.js";
import { renderText } from "../mrkdwn.js";

function row(input, option) {
  const descriptionId = option.description ? uid("description") : null;
  if (descriptionId) input.setAttribute("aria-describedby", descriptionId);
  return h(
    "div",
    { class: "choice" },
    h("label", { class: "choice-label" }, input, h("span", {}, renderText(option.text))),
    option.description &&
      h("div", { class: "choice-description", id: descriptionId }, renderText(option.description)),
  );
}

export function renderCheckboxes(element, scope) {
  const state = scope.start({ selected_options: element.initial_options ?? [] }).selected_options;
  const chosen = new Set(state.map((option) => option.value));
  const inputs = element.options.map((option) =>
    h("input", { type: "checkbox", value: option.value, checked: chosen.has(option.value) }),
  );
  const group = h("div", { role: "group", class: "choices", ...scope.named("Options"), ...scope.identity });
  const read = () => element.options.filter((_, index) => inputs[index].checked);
  inputs.forEach((input, index) => {
    input.addEventListener("change", async () => {
      if (!(await scope.change({ selected_options: read() }, group))) input.checked = !input.checked;
    });
    group.append(row(input, element.options[index]));
  });
  return group;
}

export function renderRadioButtons(element, scope) {
  const name = uid("radio");
  let current = scope.start({ selected_option: element.initial_option ?? null }).selected_option;
  const group = h("div", {
    role: "radiogroup",
    class: "choices",
    ...scope.named("Options"),
    ...scope.identity,
  });
  const inputs = element.options.map((option) =>
    h("input", { type: "radio", name, value: option.value, checked: option.value === current?.value }),
  );
  inputs.forEach((input, index) => {
    input.addEventListener("change", async () => {
      const option = element.options[index];
      if (await scope.change({ selected_option: option }, group)) current = option;
      else
        inputs.forEach((each) => {
          each.checked = each.value === current?.value;
        });
    });
    group.append(row(input, element.options[index]));
  });
  return group;
}
