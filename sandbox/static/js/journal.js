/** The protocol drawer: the sandbox's journal, newest first, while it is open. */

import { getJournal } from "./api.js";
import { fill, h } from "./dom.js";
import { store } from "./store.js";

const PAUSE_MS = 1000;
const KEPT = 400;
const KIND_WORDS = {
  api: "bot called",
  delivery: "Slack sent",
  response_url: "bot answered",
  violation: "Slack objects",
};
const KIND_MARKS = { api: "←", delivery: "→", response_url: "←", violation: "!" };

function deliveryTitle(entry) {
  const payload = entry.payload ?? {};
  if (entry.type === "slash_commands") return `${payload.command ?? "command"} ${payload.text ?? ""}`;
  if (entry.type === "events_api") return payload.event?.type ?? "event";
  const action = payload.actions?.[0]?.action_id ?? payload.view?.callback_id ?? payload.action_id;
  return [payload.type, action].filter(Boolean).join(" ");
}

function titleOf(entry) {
  if (entry.kind === "api") return entry.method;
  if (entry.kind === "delivery") return deliveryTitle(entry);
  if (entry.kind === "response_url") return "response_url";
  if (typeof entry.violation === "string") return entry.violation;
  return entry.text ?? entry.message ?? entry.what ?? "violation";
}

function outcome(entry) {
  if (entry.kind === "api")
    return {
      good: entry.ok !== false,
      words: entry.ok === false ? (entry.error ?? String(entry.status)) : "ok",
    };
  if (entry.acked === null) return { good: true, words: "waiting" };
  if (entry.kind === "delivery")
    return {
      good: Boolean(entry.acked),
      words: entry.acked
        ? `acknowledged${entry.ms === undefined ? "" : ` in ${Math.round(entry.ms)} ms`}`
        : "not acknowledged",
    };
  if (entry.kind === "response_url") return { good: entry.status < 300, words: String(entry.status) };
  return { good: false, words: "violation" };
}

const clock = (at) => {
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString("en-GB");
};

function row(entry) {
  const result = outcome(entry);
  const body = h("pre", { class: "journal-json", tabindex: "0" });
  const node = h(
    "details",
    { class: `journal-entry journal-${entry.kind}`, "data-n": entry.n, "data-kind": entry.kind },
    h(
      "summary",
      {},
      h("span", { class: "journal-mark", "aria-hidden": "true" }, KIND_MARKS[entry.kind] ?? "·"),
      h(
        "span",
        { class: "journal-words" },
        h(
          "span",
          { class: "journal-kind" },
          KIND_WORDS[entry.kind] ?? entry.kind,
          entry.via && ` (${entry.via})`,
        ),
        h("code", {}, titleOf(entry)),
      ),
      h(
        "span",
        { class: `journal-outcome ${result.good ? "good" : "bad"}` },
        result.words,
        h("span", { class: "journal-time" }, clock(entry.at)),
      ),
    ),
    body,
  );
  node.addEventListener("toggle", () => {
    if (node.open && !body.textContent) body.textContent = JSON.stringify(entry, null, 2);
  });
  return h("li", {}, node);
}

/** Draw the drawer; gives the function that stops its reading. */
export function renderJournal(body) {
  const list = h("ol", { class: "journal", "aria-label": "Journal" });
  const note = h("p", { class: "drawer-note", role: "status" }, "Nothing has been said yet.");
  const filter = h(
    "select",
    { class: "field field-small", "aria-label": "Show" },
    [
      ["", "Everything"],
      ...Object.entries(KIND_WORDS).map(([kind, words]) => [kind, words[0].toUpperCase() + words.slice(1)]),
    ].map(([value, label]) => h("option", { value }, label)),
  );
  filter.addEventListener("change", () => {
    list.dataset.show = filter.value;
  });
  const clear = h("button", { type: "button", class: "button button-small" }, "Clear the list");
  clear.addEventListener("click", () => fill(list));
  fill(body, h("div", { class: "journal-tools" }, filter, clear), note, list);
  let after = 0;
  let timer = 0;
  let stopped = false;
  const drawn = new Map();

  function take(entry) {
    const known = drawn.get(entry.n);
    if (known?.acked === entry.acked && known) return;
    const node = row(entry);
    if (known) known.node.replaceWith(node);
    else list.prepend(node);
    drawn.set(entry.n, { node, acked: entry.acked });
    while (list.children.length > KEPT) list.lastElementChild.remove();
  }

  async function read() {
    try {
      const { entries } = await getJournal(after);
      entries.forEach(take);
      // A delivery that waits for its acknowledgement is read again.
      const waiting = entries.find((entry) => entry.acked === null);
      after = waiting ? waiting.n - 1 : entries.reduce((most, entry) => Math.max(most, entry.n), after);
      note.textContent = "";
    } catch (error) {
      note.textContent = error.message;
    }
    if (!stopped) timer = setTimeout(read, PAUSE_MS);
  }

  if (store.me) read();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
