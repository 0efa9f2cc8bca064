/** One renderer for each kind of interactive element. */

import { h } from "../dom.js";
import { renderButton } from "./button.js";
import { renderCheckboxes, renderRadioButtons } from "./choices.js";
import { renderFileInput, renderTextInput } from "./inputs.js";
import { renderOverflow } from "./overflow.js";
import { renderPicker } from "./pickers.js";
import { createScope } from "./scope.js";
import { renderSelect } from "./select.js";

const RENDERERS = {
  button: renderButton,
  overflow: renderOverflow,
  checkboxes: renderCheckboxes,
  radio_buttons: renderRadioButtons,
  datepicker: renderPicker,
  timepicker: renderPicker,
  datetimepicker: renderPicker,
  plain_text_input: renderTextInput,
  email_text_input: renderTextInput,
  url_text_input: renderTextInput,
  number_input: renderTextInput,
  file_input: renderFileInput,
};
for (const source of ["static", "external", "users", "channels", "conversations"]) {
  RENDERERS[`${source}_select`] = renderSelect;
  RENDERERS[`multi_${source}_select`] = renderSelect;
}

/** Draw an element, or say visibly that this page cannot. */
export function renderElement(element, block, surface, options) {
  const render = RENDERERS[element.type];
  if (!render) return h("span", { class: "unsupported-inline" }, `Unsupported element: ${element.type}`);
  return render(element, createScope(surface, block, element, options));
}
