/** The confirmation dialog of an element. */

import { fill, h } from "../dom.js";
import { plainText, renderText } from "../mrkdwn.js";

/** Show the dialog; true when the person confirms. Escape and closing mean no. */
export function askConfirm(confirm) {
  const dialog = document.getElementById("confirm");
  const before = document.activeElement;
  const words = {
    title: plainText(confirm.title) || "Are you sure?",
    yes: plainText(confirm.confirm) || "Yes",
    no: plainText(confirm.deny) || "Cancel",
  };
  return ask(dialog, before, words, renderText(confirm.text), confirm.style);
}

/** Ask a question of the page's own, with the same dialog. */
export function askPlain(title, text, yes, style = "danger") {
  return ask(
    document.getElementById("confirm"),
    document.activeElement,
    { title, yes, no: "Cancel" },
    text,
    style,
  );
}

function ask(dialog, before, words, body, style) {
  return new Promise((resolve) => {
    const yes = h(
      "button",
      { type: "button", class: `button ${style === "danger" ? "button-danger-solid" : "button-primary"}` },
      words.yes,
    );
    const no = h("button", { type: "button", class: "button" }, words.no);
    fill(
      dialog,
      h(
        "div",
        { class: "modal-panel" },
        h("header", { class: "modal-header" }, h("h2", { id: "confirm-title" }, words.title)),
        h("div", { class: "modal-body confirm-text", id: "confirm-text" }, body),
        h("footer", { class: "modal-footer" }, no, yes),
      ),
    );
    dialog.setAttribute("aria-labelledby", "confirm-title");
    dialog.setAttribute("aria-describedby", "confirm-text");
    let answer = false;
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener(
      "close",
      () => {
        if (before?.isConnected) before.focus();
        resolve(answer);
      },
      { once: true },
    );
    dialog.showModal();
    (style === "danger" ? no : yes).focus();
  });
}
