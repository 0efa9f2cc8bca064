/** Slack's mrkdwn, turned into DOM nodes. */

import { fillDateTokens } from "./dates.js";
import { h } from "./dom.js";
import { findEmoji, replaceEmoji } from "./emoji.js";
import { channelName, groupHandle, userName } from "./names.js";
import { followInPlace, readRoute, routeHref } from "./router.js";
import { store } from "./store.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Undo Slack's three entities. */
export const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

/** Write a person's text as Slack keeps it. */
export const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const PERMALINK = /^\/archives\/(\w+)\/p\d+$/;

/** A link to another conversation, or a thread in it, followed in place. */
function conversationLink(id, label, { thread = "", ...attributes } = {}) {
  const route = () => ({ as: readRoute().as, c: id, thread });
  return followInPlace(h("a", { ...attributes, href: routeHref(route()) }, label), route);
}

/** A link out of the page, or plain text when the address is not one that a browser should follow. */
export function externalLink(address, label = address) {
  let url;
  try {
    url = new URL(unescape(address));
  } catch {
    return document.createTextNode(label);
  }
  const [, channel] = (url.origin === location.origin && PERMALINK.exec(url.pathname)) || [];
  if (channel)
    return conversationLink(channel, label, { thread: url.searchParams.get("thread_ts") ?? "" });
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return document.createTextNode(label);
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, label);
}

export function userMention(id) {
  const mine = id === store.me?.id;
  return h("span", { class: `mention${mine ? " mention-me" : ""}`, "data-user": id }, `@${userName(id)}`);
}

export function groupMention(id) {
  const mine = store.usergroups.get(id)?.users?.includes(store.me?.id);
  return h(
    "span",
    { class: `mention${mine ? " mention-me" : ""}`, "data-usergroup": id },
    `@${groupHandle(id)}`,
  );
}

export function channelMention(id) {
  if (!store.conversations.has(id)) return h("span", { class: "mention" }, "#private-channel");
  return conversationLink(id, `#${channelName(id)}`, { class: "mention" });
}

export function dateNode(ts, pattern, address, fallback) {
  const known = Number.isFinite(Number(ts));
  const label = known ? fillDateTokens(ts, pattern) : fallback;
  const time = h(
    "time",
    { title: fallback, datetime: known ? new Date(Number(ts) * 1000).toISOString() : null },
    label,
  );
  if (!address) return time;
  const link = externalLink(address, label);
  return link instanceof Text ? time : link;
}

function angleToken(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  if (target.startsWith("@")) return userMention(target.slice(1));
  if (target.startsWith("#")) return channelMention(target.slice(1));
  if (target.startsWith("!subteam^")) return groupMention(target.slice(9));
  if (target.startsWith("!date^")) {
    const [ts, pattern, address] = target.slice(6).split("^");
    return dateNode(ts, unescape(pattern ?? ""), address, label);
  }
  if (target.startsWith("!"))
    return h("span", { class: "mention mention-me" }, `@${target.slice(1).split("^")[0]}`);
  const link = externalLink(target, label ? replaceEmoji(label) : unescape(target).replace(/^mailto:/, ""));
  return link instanceof Text && !label ? document.createTextNode(`<${unescape(inside)}>`) : link;
}

// Marks count only at the edge of a word; inside them, links and code are taken whole.
function delimited(mark) {
  const edge = `[\\p{L}\\p{N}${mark}]`;
  const inside = `(?:<[^<>\\n]+>|\`[^\`\\n]+\`|[^${mark}<\\n])+`;
  return `(?<!${edge})[${mark}](?=[^\\s${mark}])(${inside})(?<!\\s)[${mark}](?!${edge})`;
}

const INLINE = new RegExp(
  [
    "<([^<>\\n]+)>",
    "`([^`\\n]+)`",
    delimited("*"),
    delimited("_"),
    delimited("~"),
    ":([a-z0-9_+-]+(?:::skin-tone-\\d)?):",
    "(https?://[^\\s<>|*~]+[^\\s<>|*~.,;:!?)'\"])",
  ].join("|"),
  "gu",
);

/** One line or more of mrkdwn without blocks and quotes. */
function appendInline(parent, text) {
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, angle, code, bold, italic, strike, emoji, address] = match;
    if (emoji && !findEmoji(emoji)) continue;
    appendText(parent, text.slice(from, match.index));
    from = match.index + whole.length;
    if (angle) parent.append(angleToken(angle));
    else if (code) parent.append(appendCode(h("code"), code));
    else if (bold) parent.append(appendInline(h("strong"), bold));
    else if (italic) parent.append(appendInline(h("em"), italic));
    else if (strike) parent.append(appendInline(h("s"), strike));
    else if (emoji)
      parent.append(
        h(
          "span",
          { class: "emoji", role: "img", "aria-label": emoji.replaceAll("_", " ") },
          findEmoji(emoji),
        ),
      );
    else parent.append(externalLink(address, unescape(address)));
  }
  appendText(parent, text.slice(from));
  return parent;
}

function appendCode(parent, text) {
  parent.append(
    unescape(text.replace(/<([^<>\n|]+)(?:\|([^<>\n]+))?>/g, (_, target, label) => label ?? target)),
  );
  return parent;
}

function appendText(parent, text) {
  text.split("\n").forEach((line, index) => {
    if (index) parent.append(h("br"));
    if (line) parent.append(unescape(line));
  });
}

const QUOTE = /^(?:&gt;|>) ?/;

function appendLines(parent, text) {
  const lines = text.split("\n");
  let at = 0;
  while (at < lines.length) {
    const quoted = QUOTE.test(lines[at]);
    const group = [];
    while (at < lines.length && QUOTE.test(lines[at]) === quoted) {
      group.push(lines[at].replace(QUOTE, ""));
      at += 1;
    }
    if (quoted) parent.append(appendInline(h("blockquote"), group.join("\n")));
    else appendInline(parent, group.join("\n"));
  }
}

/** Slack's mrkdwn as a fragment: code blocks first, then quotes, then everything inside a line. */
export function renderMrkdwn(text) {
  const fragment = document.createDocumentFragment();
  const parts = String(text ?? "").split(/\n?```\n?([\s\S]*?)\n?```\n?/);
  parts.forEach((part, index) => {
    if (index % 2) fragment.append(appendCode(h("pre"), part));
    else if (part) appendLines(fragment, part);
  });
  return fragment;
}

/** A text object (`plain_text` or `mrkdwn`) as a fragment. */
export function renderText(text) {
  if (!text) return document.createDocumentFragment();
  if (text.type === "mrkdwn") return renderMrkdwn(text.text);
  const fragment = document.createDocumentFragment();
  fragment.append(plainText(text));
  return fragment;
}

/** A `plain_text` object as a string, with its emoji. */
export function plainText(text) {
  if (!text) return "";
  return text.emoji === false ? text.text : replaceEmoji(text.text);
}

/** What a screen reader or a list preview should say for some mrkdwn. */
export function mrkdwnAsPlain(text) {
  return renderMrkdwn(text).textContent;
}
