/** The protocol drawer: the sandbox's journal, newest first, while it is open. */

import { getJournal } from "./api.js";
import { fill, h } from "./dom.js";

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

function renderTools(list) {
  const kinds = Object.entries(KIND_WORDS).map(([kind, words]) => [
    kind,
    words[0].toUpperCase() + words.slice(1),
  ]);
  const filter = h(
    "select",
    { class: "field field-small", "aria-label": "Show" },
    [["", "Everything"], ...kinds].map(([value, label]) => h("option", { value }, label)),
  );
  filter.addEventListener("change", () => {
    list.dataset.show = filter.value;
  });
  const clear = h("button", { type: "button", class: "button button-small" }, "Clear the list");
  clear.addEventListener("click", () => fill(list));
  return h("div", { class: "journal-tools" }, filter, clear);
}

/** Puts entries on a list, newest first; one that has changed since takes its old place. */
function createTaker(list) {
  const drawn = new Map();
  return (entry) => {
    const known = drawn.get(entry.n);
    if (known && known.acked === entry.acked) return;
    const node = row(entry);
    if (known) known.node.replaceWith(node);
    else list.prepend(node);
    drawn.set(entry.n, { node, acked: entry.acked });
    while (list.children.length > KEPT) list.lastElementChild.remove();
    drawn.delete(entry.n - 2 * KEPT);
  };
}

/** Draw the drawer; gives the function that stops its reading. */
export function renderJournal(body) {
  const list = h("ol", { class: "journal", "aria-label": "Journal" });
  const note = h("p", { class: "drawer-note", role: "status" });
  const take = createTaker(list);
  fill(body, renderTools(list), note, list);
  let after = 0;
  let timer = 0;
  let stopped = false;

  async function read() {
    try {
      const { entries } = await getJournal(after);
      entries.forEach(take);
      // A delivery that waits for its acknowledgement is read again.
      const waiting = entries.find((entry) => entry.acked === null);
      after = waiting ? waiting.n - 1 : Math.max(after, ...entries.map((entry) => entry.n));
      note.textContent = after || waiting ? "" : "Nothing has been said yet.";
    } catch (error) {
      note.textContent = error.message;
    }
    if (!stopped) timer = setTimeout(read, PAUSE_MS);
  }

  read();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
