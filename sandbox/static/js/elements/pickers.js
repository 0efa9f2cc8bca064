/** Date, time, and date with time. The browser's own pickers know locale, keyboard and phone. */

import { h } from "../dom.js";
import { plainText } from "../mrkdwn.js";

const pad = (number) => String(number).padStart(2, "0");

/** Unix seconds as the local form that `datetime-local` wants. */
function toLocal(seconds) {
  if (!seconds) return "";
  const at = new Date(seconds * 1000);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

const KINDS = {
  datepicker: {
    input: "date",
    name: "selected_date",
    initial: "initial_date",
    words: "Choose a date",
    show: (value) => value ?? "",
    read: (text) => text || null,
  },
  timepicker: {
    input: "time",
    name: "selected_time",
    initial: "initial_time",
    words: "Choose a time",
    show: (value) => value ?? "",
    read: (text) => text.slice(0, 5) || null,
  },
  datetimepicker: {
    input: "datetime-local",
    name: "selected_date_time",
    initial: "initial_date_time",
    words: "Choose a date and time",
    show: toLocal,
    read: (text) => (text ? Math.floor(new Date(text).getTime() / 1000) : null),
  },
};

export function renderPicker(element, scope) {
  const kind = KINDS[element.type];
  let current = scope.start({ [kind.name]: element[kind.initial] ?? null })[kind.name];
  const words = plainText(element.placeholder) || kind.words;
  const input = h("input", {
    type: kind.input,
    class: "field picker",
    value: kind.show(current),
    title: words,
    "data-focus-on-load": element.focus_on_load || null,
    max: kind.input === "date" ? "9999-12-31" : null,
    ...scope.named(words),
    ...scope.identity,
  });
  let typing = false;

  async function commit() {
    typing = false;
    // What is shown says less than what is known where an initial instant has seconds.
    if (input.value === kind.show(current)) return;
    const value = kind.read(input.value);
    const before = current;
    current = value;
    if (!(await scope.change({ [kind.name]: value }, input))) {
      current = before;
      input.value = kind.show(before);
    }
  }

  // A date typed digit by digit passes through half-finished years: the bot hears of it when the field is left.
  input.addEventListener("keydown", (event) => {
    typing = event.key !== "Enter";
    if (event.key === "Enter" && scope.dispatches) commit();
  });
  input.addEventListener("change", () => {
    if (typing && scope.dispatches) return;
    commit();
  });
  input.addEventListener("blur", commit);
  const zone = element.timezone && h("span", { class: "input-hint" }, element.timezone);
  return h("div", { class: "picker-frame" }, input, zone);
}
