/** The `rich_text` block. */

import { dateNode, channelMention, externalLink, groupMention, userMention } from "../mrkdwn.js";
import { h } from "../dom.js";
import { findEmoji } from "../emoji.js";

const STYLE_TAGS = [
  ["code", "code"],
  ["bold", "strong"],
  ["italic", "em"],
  ["strike", "s"],
  ["underline", "u"],
];

function styled(node, style) {
  if (!style) return node;
  return STYLE_TAGS.reduce((inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner), node);
}

function textNodes(text) {
  return text
    .split("\n")
    .flatMap((line, index) => (index ? [h("br"), line] : [line]))
    .filter((part) => part !== "");
}

function emojiNode(element) {
  const character = findEmoji(element.name);
  if (!character) return `:${element.name}:`;
  return h(
    "span",
    { class: "emoji", role: "img", "aria-label": element.name.replaceAll("_", " ") },
    character,
  );
}

function leaf(element) {
  switch (element.type) {
    case "text":
      return h("span", {}, textNodes(element.text));
    case "link":
      return externalLink(element.url, element.text || element.url);
    case "user":
      return userMention(element.user_id);
    case "usergroup":
      return groupMention(element.usergroup_id);
    case "channel":
      return channelMention(element.channel_id);
    case "emoji":
      return h("span", {}, emojiNode(element));
    case "broadcast":
      return h("span", { class: "mention mention-me" }, `@${element.range}`);
    case "date":
      return dateNode(element.timestamp, element.format, element.url, element.fallback ?? "");
    case "color":
      return h("span", { class: "code-like" }, element.value);
    default:
      return h("span", { class: "unsupported-inline" }, `[unsupported: ${element.type}]`);
  }
}

const leaves = (elements) => elements.map((element) => styled(leaf(element), element.style));

function list(part) {
  const tag = part.style === "ordered" ? "ol" : "ul";
  const node = h(tag, {
    class: `rich-list indent-${Math.min(part.indent ?? 0, 6)}`,
    start: part.offset ? part.offset + 1 : null,
  });
  for (const item of part.elements) node.append(h("li", {}, leaves(item.elements)));
  return node;
}

function renderPart(part) {
  switch (part.type) {
    case "rich_text_section":
      return h("div", { class: "rich-section" }, leaves(part.elements));
    case "rich_text_list":
      return list(part);
    case "rich_text_preformatted":
      return h(
        "pre",
        {},
        part.elements.map((element) => (element.type === "text" ? element.text : leaf(element))),
      );
    case "rich_text_quote":
      return h("blockquote", {}, leaves(part.elements));
    default:
      return h("div", { class: "unsupported" }, `Unsupported rich text: ${part.type}`);
  }
}

/** The parts of a rich text block, each as a node. */
export function renderRichText(block) {
  return h("div", { class: "rich-text" }, block.elements.map(renderPart));
}
