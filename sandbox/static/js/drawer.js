/** The drawer on the right: workspace admin, or the protocol as it goes over the wire. */

import { renderAdmin } from "./admin.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { renderJournal } from "./journal.js";

const KINDS = {
  admin: {
    title: "Workspace admin",
    note: "Play what an administrator does. The bot hears of it as it would from Slack.",
    render: renderAdmin,
  },
  protocol: {
    title: "Protocol",
    note: "What Slack sent and what the bot called, as it went over the wire. Nothing is hidden here, secrets neither.",
    render: renderJournal,
  },
};

let shown = { kind: null, stop: () => {}, opener: null };

const panel = () => document.getElementById("drawer");

export function closeDrawer() {
  if (!shown.kind) return;
  const { opener } = shown;
  shown.stop();
  shown = { kind: null, stop: () => {}, opener: null };
  panel().hidden = true;
  fill(panel());
  mark(null);
  opener?.focus();
}

function mark(kind) {
  for (const tool of document.querySelectorAll("[data-tool=admin], [data-tool=protocol]"))
    tool.setAttribute("aria-expanded", String(tool.dataset.tool === kind));
}

/** Open a drawer, or close it when it is open already. */
export function openDrawer(kind, opener) {
  if (shown.kind === kind) {
    closeDrawer();
    return;
  }
  shown.stop();
  const { title, note, render } = KINDS[kind];
  const close = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": `Close ${title.toLowerCase()}` },
    icon("close"),
  );
  close.addEventListener("click", closeDrawer);
  const body = h("div", { class: "drawer-body" });
  fill(
    panel(),
    h("header", { class: "pane-header" }, h("h2", { class: "pane-title" }, title), close),
    h("p", { class: "drawer-note" }, note),
    body,
  );
  panel().hidden = false;
  panel().setAttribute("aria-label", title);
  shown = { kind, stop: render(body), opener };
  mark(kind);
  close.focus();
}

export function setUpDrawer() {
  // Focus falls back to the body when what had it is filtered away.
  document.addEventListener("keydown", (event) => {
    const here = panel().contains(event.target) || event.target === document.body;
    if (event.key === "Escape" && here && !event.defaultPrevented) closeDrawer();
  });
}
