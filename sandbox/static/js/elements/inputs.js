/** Text, e-mail, address, number and file inputs. */

import { uploadFile } from "../api.js";
import { debounce, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { plainText } from "../mrkdwn.js";
import { store } from "../store.js";

const TYPES = {
  plain_text_input: "text",
  email_text_input: "email",
  url_text_input: "url",
  number_input: "text",
};

function limits(element) {
  return {
    maxlength: element.max_length ?? (element.type === "plain_text_input" ? 3000 : null),
    inputmode: element.type === "number_input" ? (element.is_decimal_allowed ? "decimal" : "numeric") : null,
  };
}

export function renderTextInput(element, scope) {
  const value = scope.start({ value: element.initial_value ?? null }).value ?? "";
  const words = plainText(element.placeholder);
  const shared = {
    class: "field",
    value,
    placeholder: words,
    autocomplete: "off",
    "data-focus-on-load": element.focus_on_load || null,
    ...limits(element),
    ...scope.named(words || "Text"),
    ...scope.identity,
  };
  const input = element.multiline
    ? h("textarea", { rows: 4, ...shared })
    : h("input", { type: TYPES[element.type], ...shared });
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const read = () => ({ value: input.value === "" ? null : input.value });
  const tell = () => scope.change(read(), input);
  const tellSoon = debounce(tell, 250);
  const counter = counterFor(element, input);
  input.addEventListener("input", () => {
    scope.keep(read());
    counter?.update();
    if (scope.dispatches && triggers.includes("on_character_entered")) tellSoon();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !scope.dispatches) return;
    if (element.multiline && !(event.metaKey || event.ctrlKey)) return;
    if (!triggers.includes("on_enter_pressed")) return;
    event.preventDefault();
    tell();
  });
  return counter ? h("div", { class: "field-frame" }, input, counter.node) : input;
}

/** How many characters are left, once it matters. */
function counterFor(element, input) {
  if (!element.max_length) return null;
  const node = h("span", { class: "field-counter", "aria-hidden": "true" });
  const update = () => {
    const left = element.max_length - input.value.length;
    node.textContent = left <= Math.max(20, element.max_length / 5) ? String(left) : "";
  };
  update();
  return { node, update };
}

async function toBase64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

export function renderFileInput(element, scope) {
  let files = scope.start({ files: [] }).files;
  const accept = element.filetypes?.map((type) => `.${type}`).join(",") ?? null;
  const input = h("input", {
    type: "file",
    class: "field field-file",
    accept,
    multiple: (element.max_files ?? 10) > 1,
    ...scope.named("Choose files"),
    ...scope.identity,
  });
  const list = h("ul", { class: "file-list" });
  const note = h("p", { class: "field-note", role: "status" });

  function show() {
    fill(
      list,
      files.map((file) => {
        const remove = h(
          "button",
          { type: "button", class: "icon-button", "aria-label": `Remove ${file.name}` },
          icon("close"),
        );
        remove.addEventListener("click", () => {
          files = files.filter((each) => each !== file);
          scope.change({ files });
          show();
        });
        return h("li", {}, icon("file"), h("span", {}, file.name), remove);
      }),
    );
  }

  input.addEventListener("change", async () => {
    note.textContent = "Uploading…";
    try {
      for (const file of input.files) {
        const body = {
          user: store.me.id,
          name: file.name,
          mimetype: file.type || "application/octet-stream",
          content: await toBase64(file),
        };
        files = [...files, await uploadFile(body)].slice(-(element.max_files ?? 10));
      }
      note.textContent = "";
    } catch (error) {
      note.textContent = error.message;
    }
    input.value = "";
    scope.change({ files });
    show();
  });
  show();
  return h("div", { class: "file-input" }, input, list, note);
}
