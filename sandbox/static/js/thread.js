/** The thread pane: one message and its replies. */

import { Composer } from "./composer.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { groupReplies } from "./message.js";
import { MessageList } from "./messages.js";
import { channelName } from "./names.js";
import { go, readRoute } from "./router.js";
import { listMessages, on, store } from "./store.js";

let shown = { key: "", stop: () => {}, opener: null };

const panel = () => document.getElementById("thread");

function closeThread() {
  const { thread, ...route } = readRoute();
  const opener =
    document.querySelector(`#pane [data-ts="${CSS.escape(thread)}"] .thread-link`) ??
    document.getElementById("composer-input");
  go(route);
  opener?.focus();
}

function openThread(channel, ts) {
  const list = new MessageList({ label: "Thread" });
  const draw = () => {
    const parent = store.messages.get(channel)?.get(ts);
    list.draw(channel, [...(parent ? [parent] : []), ...(groupReplies(listMessages(channel)).get(ts) ?? [])]);
  };
  const close = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": "Close thread" },
    icon("close"),
  );
  close.addEventListener("click", closeThread);
  const composer = new Composer({ channel, threadTs: ts, label: "Reply…" });
  fill(
    panel(),
    h(
      "header",
      { class: "pane-header" },
      h("h2", { class: "pane-title" }, "Thread"),
      h("p", { class: "pane-topic" }, `#${channelName(channel)}`),
      close,
    ),
    list.node,
    composer.node,
  );
  panel().hidden = false;
  const here = (event) => {
    if (event.channel === channel) draw();
  };
  const stops = ["messages", "message", "message_gone"].map((topic) => on(topic, here));
  stops.push(
    on("people", () => {
      list.invalidate();
      draw();
    }),
  );
  draw();
  composer.input.focus();
  return () => stops.forEach((stop) => stop());
}

/** Show the thread of the route, or none. */
export function showThread(route) {
  const key =
    route.thread && store.conversations.has(route.c) ? `${store.me.id}:${route.c}:${route.thread}` : "";
  if (key === shown.key) return;
  shown.stop();
  shown = { key, stop: () => {} };
  if (key) shown.stop = openThread(route.c, route.thread);
  else {
    panel().hidden = true;
    fill(panel());
  }
}

export function setUpThread() {
  panel().addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) closeThread();
  });
}
