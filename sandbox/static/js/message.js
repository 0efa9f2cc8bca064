/** One message: who, when, what, and what can be done with it. */

import { renderBlocks } from "./blocks/index.js";
import { renderFile } from "./blocks/basic.js";
import { fullLabel, timeLabel } from "./dates.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { mrkdwnAsPlain, plainText, renderMrkdwn } from "./mrkdwn.js";
import { avatar, displayName } from "./names.js";
import { isReply, store } from "./store.js";
import { createSurface, Form } from "./surface.js";

const forms = new Map();

/** What was entered in a message's blocks outlives a redraw, not a change of person. */
export function forgetMessageForms() {
  forms.clear();
}

function surfaceFor(channel, message) {
  const key = `${channel}:${message.ts}`;
  if (!forms.has(key)) forms.set(key, new Form());
  return createSurface("message", { type: "message", channel, ts: message.ts }, forms.get(key));
}

/** Who a message is from, as far as grouping goes. */
export const authorOf = (message) => message.username ?? message.user ?? message.bot_id ?? "";

function author(message) {
  const user = store.users.get(message.user ?? (message.bot_id ? store.app.bot_user_id : ""));
  const isApp = Boolean(message.bot_id) || user?.is_bot === true;
  const fallback = message.user === "USLACKBOT" ? "Slackbot" : isApp ? store.app.name : "Unknown person";
  return { user, isApp, name: message.username ?? (user ? displayName(user) : fallback) };
}

export const authorName = (message) => author(message).name;

/** A message in one line of plain words. */
export function summary(message) {
  if (message.text) return mrkdwnAsPlain(message.text);
  const section = message.blocks?.find((block) => block.text);
  return section
    ? section.text.type === "mrkdwn"
      ? mrkdwnAsPlain(section.text.text)
      : plainText(section.text)
    : "a message";
}

function attachment(item, surface) {
  const node = h("div", { class: "attachment" });
  if (/^#?[0-9a-f]{6}$/i.test(item.color ?? ""))
    node.style.setProperty("--bar", item.color.startsWith("#") ? item.color : `#${item.color}`);
  if (item.pretext) node.append(h("p", { class: "text" }, renderMrkdwn(item.pretext)));
  if (item.blocks) node.append(...renderBlocks(item.blocks, surface));
  else
    node.append(
      h(
        "div",
        { class: "text" },
        item.title && h("strong", {}, item.title, h("br")),
        renderMrkdwn(item.text ?? item.fallback ?? ""),
      ),
    );
  return node;
}

function body(message, surface) {
  const content = h("div", { class: "message-body" });
  if (message.blocks?.length) content.append(...renderBlocks(message.blocks, surface));
  else if (message.text)
    content.append(
      h("div", { class: "text" }, message.mrkdwn === false ? message.text : renderMrkdwn(message.text)),
    );
  for (const item of message.attachments ?? []) content.append(attachment(item, surface));
  for (const file of message.files ?? []) content.append(renderFile(file));
  if (message.edited)
    content.append(h("span", { class: "edited", title: fullLabel(message.edited.ts) }, "(edited)"));
  return content;
}

/** Replies by the `ts` of the message they belong to, oldest first. */
export function groupReplies(messages) {
  const groups = new Map();
  for (const message of messages) {
    if (!isReply(message)) continue;
    if (!groups.has(message.thread_ts)) groups.set(message.thread_ts, []);
    groups.get(message.thread_ts).push(message);
  }
  return groups;
}

function threadButton(channel, message, replies, openThread) {
  const count = replies.length;
  const button = h(
    "button",
    { type: "button", class: "thread-link" },
    icon("reply"),
    `${count} ${count === 1 ? "reply" : "replies"}`,
    h("span", { class: "thread-last" }, `last at ${timeLabel(replies[count - 1].ts)}`),
  );
  button.addEventListener("click", () => openThread(message.ts));
  return button;
}

function renderHead({ name, isApp }, message, grouped) {
  const at = { datetime: new Date(Number(message.ts) * 1000).toISOString(), title: fullLabel(message.ts) };
  return h(
    "div",
    { class: `message-head${grouped ? " visually-hidden" : ""}` },
    h("span", { class: "message-author" }, name),
    isApp && h("span", { class: "badge" }, "APP"),
    h("time", at, timeLabel(message.ts)),
  );
}

/** Left of a message: who it is from, or, in a group, when it was said. */
function renderGutter({ user, isApp, name }, message, grouped) {
  const time = timeLabel(message.ts).replace(/\s?[AP]M/, "");
  const picture = grouped
    ? h("span", { class: "gutter-time", "aria-hidden": "true" }, time)
    : avatar(isApp ? null : (user ?? { id: message.user ?? "", name }));
  return h("div", { class: "message-gutter" }, picture);
}

function replyButton(message, openThread) {
  const label = "Reply in thread";
  const button = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label },
    icon("reply"),
  );
  button.addEventListener("click", () => openThread(message.thread_ts ?? message.ts));
  return h("div", { class: "message-tools" }, button);
}

/** Above a reply that was sent to the channel too. */
function broadcastNote(message, openThread) {
  const button = h(
    "button",
    { type: "button", class: "thread-link" },
    icon("reply"),
    "Replied to a thread",
  );
  button.addEventListener("click", () => openThread(message.thread_ts));
  return button;
}

/** Draw a message. `openThread(ts)` is left out where replies make no sense. */
export function renderMessage(channel, message, { grouped = false, openThread = null, replies = [] } = {}) {
  const who = author(message);
  const surface = surfaceFor(channel, message);
  const kind = `message${grouped ? " grouped" : ""}${message.is_ephemeral ? " ephemeral" : ""}`;
  return h(
    "li",
    { class: kind, "data-ts": message.ts, "data-channel": channel },
    message.is_ephemeral && h("p", { class: "ephemeral-note" }, icon("eye"), "Only visible to you"),
    renderGutter(who, message, grouped),
    h(
      "div",
      { class: "message-main" },
      renderHead(who, message, grouped),
      openThread && message.subtype === "thread_broadcast" && broadcastNote(message, openThread),
      body(message, surface),
      replies.length > 0 && threadButton(channel, message, replies, openThread),
    ),
    openThread && !message.is_ephemeral && replyButton(message, openThread),
  );
}
