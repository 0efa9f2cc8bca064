/** The `markdown` block: the part of standard Markdown that Slack draws. */

import { h } from "../dom.js";
import { replaceEmoji } from "../emoji.js";
import { externalLink } from "../mrkdwn.js";

const INLINE =
  /`([^`\n]+)`|!?\[([^\]\n]*)\]\(([^()\s]+)\)|\*\*([^\n]+?)\*\*|__([^\n]+?)__|\*(?=\S)([^*\n]+)\*|(?<![\p{L}\p{N}])_(?=\S)([^_\n]+)_(?![\p{L}\p{N}])|~~([^~\n]+)~~|<?(https?:\/\/[^\s<>]+)>?/gu;

function inline(parent, text) {
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, label, address, strong, strongToo, em, emToo, strike, bare] = match;
    parent.append(replaceEmoji(text.slice(from, match.index)));
    from = match.index + whole.length;
    if (code) parent.append(h("code", {}, code));
    else if (address) parent.append(externalLink(address, label || address));
    else if (strong ?? strongToo) parent.append(inline(h("strong"), strong ?? strongToo));
    else if (em ?? emToo) parent.append(inline(h("em"), em ?? emToo));
    else if (strike) parent.append(inline(h("s"), strike));
    else parent.append(externalLink(bare));
  }
  parent.append(replaceEmoji(text.slice(from)));
  return parent;
}

const FENCE = /^\s*```/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const RULE = /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/;
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;
const QUOTE = /^\s*>\s?/;
const ROW = /^\s*\|(.*)\|\s*$/;
const ROW_RULE = /^\s*\|[\s:|-]+\|\s*$/;

const startsBlock = (line) =>
  !line.trim() || [FENCE, HEADING, RULE, ITEM, QUOTE, ROW].some((pattern) => pattern.test(line));

/** Take lines from the front of `lines` while they match. */
function takeWhile(lines, matches) {
  const taken = [];
  while (lines.length && matches(lines[0])) taken.push(lines.shift());
  return taken;
}

function fence(lines) {
  lines.shift();
  const body = takeWhile(lines, (line) => !FENCE.test(line));
  lines.shift();
  return h("pre", {}, body.join("\n"));
}

function list(lines) {
  const [, indent, number] = ITEM.exec(lines[0]);
  const root = h(number ? "ol" : "ul", { start: number && number !== "1" ? number : null });
  while (lines.length) {
    const match = ITEM.exec(lines[0]);
    if (!match || match[1].length < indent.length) break;
    if (match[1].length > indent.length) {
      (root.lastElementChild ?? root).append(list(lines));
      continue;
    }
    if (Boolean(match[2]) !== Boolean(number)) break;
    lines.shift();
    const item = h("li", {}, match[3] ? `${match[3] === " " ? "☐" : "☑"} ` : null);
    root.append(inline(item, match[4]));
  }
  return root;
}

function table(lines) {
  const rows = takeWhile(lines, (line) => ROW.test(line));
  const headed = rows.length > 1 && ROW_RULE.test(rows[1]);
  const cells = (row) =>
    ROW.exec(row)[1]
      .split("|")
      .map((cell) => cell.trim());
  const body = rows.filter((row) => !ROW_RULE.test(row));
  return h(
    "div",
    { class: "table-scroll" },
    h(
      "table",
      {},
      body.map((row, index) =>
        h(
          "tr",
          {},
          cells(row).map((cell) => inline(h(headed && index === 0 ? "th" : "td"), cell)),
        ),
      ),
    ),
  );
}

/** Markdown text as a fragment. */
export function renderMarkdown(text) {
  const fragment = document.createDocumentFragment();
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  while (lines.length) {
    const line = lines[0];
    if (!line.trim()) lines.shift();
    else if (FENCE.test(line)) fragment.append(fence(lines));
    else if (RULE.test(line)) fragment.append(lines.shift() && h("hr"));
    else if (HEADING.test(line)) {
      const [, marks, title] = HEADING.exec(lines.shift());
      fragment.append(inline(h(`h${Math.min(marks.length + 2, 6)}`), title));
    } else if (ITEM.test(line)) fragment.append(list(lines));
    else if (ROW.test(line)) fragment.append(table(lines));
    else if (QUOTE.test(line)) {
      const quoted = takeWhile(lines, (each) => QUOTE.test(each)).map((each) => each.replace(QUOTE, ""));
      fragment.append(h("blockquote", {}, renderMarkdown(quoted.join("\n"))));
    } else {
      const paragraph = h("p");
      takeWhile(lines, (each) => !startsBlock(each)).forEach((each, index) => {
        if (index) paragraph.append(h("br"));
        inline(paragraph, each.trim());
      });
      fragment.append(paragraph);
    }
  }
  return fragment;
}
