/** The list of messages of a conversation or a thread: grouped, by day, redrawn only where something changed. */

import { dayLabel, sameDay } from "./dates.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { authorOf, renderMessage } from "./message.js";

const GROUP_SECONDS = 300;
const NEAR_BOTTOM_PX = 80;

/** A card stands for itself: it shows its author even right after another message. */
const isCard = (message) => (message.blocks?.length ?? 0) > 1;

function groups(before, message) {
  return (
    Boolean(before) &&
    authorOf(before) === authorOf(message) &&
    ![before, message].some((each) => each.is_ephemeral || isCard(each)) &&
    sameDay(before.ts, message.ts) &&
    Number(message.ts) - Number(before.ts) < GROUP_SECONDS
  );
}

/** Where the focus was inside a node, in words that survive a redraw. */
function rememberFocus(root) {
  const focused = document.activeElement;
  if (!root.contains(focused)) return null;
  const ts = focused.closest("[data-ts]")?.dataset.ts;
  const block = focused.closest("[data-block-id]")?.dataset.blockId;
  const action = focused.closest("[data-action-id]")?.dataset.actionId;
  return ts ? { ts, block, action } : null;
}

function restoreFocus(root, place) {
  if (!place || root.contains(document.activeElement)) return;
  const message = root.querySelector(`[data-ts="${CSS.escape(place.ts)}"]`);
  const block = place.block && message?.querySelector(`[data-block-id="${CSS.escape(place.block)}"]`);
  const control =
    place.action && (block ?? message)?.querySelector(`[data-action-id="${CSS.escape(place.action)}"]`);
  if (control) control.focus();
  else if (message) {
    message.tabIndex = -1;
    message.focus({ preventScroll: true });
  }
}

export class MessageList {
  /** `label` names the list; `options(message)` are passed on to `renderMessage`. */
  constructor({ label, options = () => ({}) }) {
    this.options = options;
    this.cache = new Map();
    this.unreadFrom = null;
    this.replies = new Map();
    this.list = h("ol", { class: "message-list", "aria-label": label });
    this.pill = h(
      "button",
      { type: "button", class: "new-pill", hidden: true },
      "New messages",
      icon("down"),
    );
    this.pill.addEventListener("click", () => this.toBottom());
    this.scroller = h(
      "div",
      { class: "message-scroll", tabindex: "0", role: "region", "aria-label": `${label}, scrollable` },
      this.list,
    );
    this.scroller.addEventListener("scroll", () => {
      if (this.nearBottom()) this.pill.hidden = true;
    });
    this.node = h("div", { class: "message-area" }, this.scroller, this.pill);
    this.watcher = new ResizeObserver(() => {
      if (this.sticks) this.toBottom();
    });
    this.watcher.observe(this.scroller);
    this.watcher.observe(this.list);
    this.sticks = true;
  }

  nearBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.sticks = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    return this.sticks;
  }

  toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.pill.hidden = true;
    this.sticks = true;
  }

  /** Forget drawn messages, so that names and pictures are drawn anew. */
  invalidate() {
    this.cache.clear();
  }

  /** Show these messages. `intro` is a node above the first one. */
  draw(channel, messages, { intro = null } = {}) {
    const focus = rememberFocus(this.list);
    const stick = this.nearBottom();
    const known = this.lastTs;
    const rows = intro ? [intro] : [];
    const seen = new Map();
    let before = null;
    for (const message of messages) {
      if (!before || !sameDay(before.ts, message.ts))
        rows.push(this.divider(`day-${dayLabel(message.ts)}`, "day-divider", dayLabel(message.ts), seen));
      if (this.unreadFrom === message.ts) {
        rows.push(this.divider("unread", "unread-divider", "New", seen));
        before = null;
      }
      rows.push(this.row(channel, message, before, seen));
      before = message.subtype ? null : message;
    }
    this.cache = seen;
    this.place(rows);
    this.lastTs = messages[messages.length - 1]?.ts;
    restoreFocus(this.list, focus);
    if (stick) this.toBottom();
    else if (known && this.lastTs !== known) this.pill.hidden = false;
  }

  /** Put rows in order while moving as few nodes as possible, so that focus and scrolling stay. */
  place(rows) {
    const wanted = new Set(rows);
    for (const node of [...this.list.children]) if (!wanted.has(node)) node.remove();
    rows.forEach((node, index) => {
      if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null);
    });
  }

  divider(key, kind, label, seen) {
    const node = this.cache.get(key)?.node ?? h("li", { class: `divider ${kind}` }, h("span", {}, label));
    seen.set(key, { node });
    return node;
  }

  row(channel, message, before, seen) {
    const options = { grouped: groups(before, message), ...this.options(message) };
    const mark = `${options.grouped}:${options.replies?.length ?? 0}`;
    const cached = this.cache.get(message.ts);
    const fresh = cached && cached.message === message && cached.mark === mark;
    const entry = fresh ? cached : { message, mark, node: renderMessage(channel, message, options) };
    seen.set(message.ts, entry);
    return entry.node;
  }
}
