/** Completion in the composer: slash commands, people and groups, channels. */

import { fill, h, uid } from "./dom.js";
import { openFloating } from "./floating.js";
import { icon } from "./icons.js";
import { avatar, displayName, handleOf, roleHint } from "./names.js";
import { listPeople, store } from "./store.js";

const LIMIT = 10;

const startsWith = (text, query) => (text ?? "").toLowerCase().startsWith(query);
const hasWord = (text, query) =>
  (text ?? "")
    .toLowerCase()
    .split(/[\s._-]+/)
    .some((word) => word.startsWith(query));

function commandItems(query) {
  return store.commands
    .filter(({ command }) => startsWith(command, query))
    .map((command) => ({
      insert: `${command.command} `,
      exact: command.command === query,
      node: [
        h(
          "span",
          { class: "option-words" },
          h(
            "span",
            { class: "option-label" },
            h("strong", {}, command.command),
            command.usage_hint && h("span", { class: "usage" }, ` ${command.usage_hint}`),
          ),
          h("span", { class: "option-description" }, command.description),
        ),
        h("span", { class: "badge" }, store.app.name),
      ],
    }));
}

function mentionItems(query) {
  const people = listPeople()
    .filter(
      (user) => !user.deleted && (startsWith(handleOf(user), query) || hasWord(displayName(user), query)),
    )
    .map((user) => ({
      insert: `@${handleOf(user)} `,
      exact: handleOf(user) === query,
      node: [
        avatar(user, "small"),
        h(
          "span",
          { class: "option-words" },
          h(
            "span",
            { class: "option-label" },
            h("strong", {}, displayName(user)),
            h("span", { class: "usage" }, ` @${handleOf(user)}`),
          ),
          h("span", { class: "option-description" }, roleHint(user)),
        ),
      ],
    }));
  const groups = [...store.usergroups.values()]
    .filter((group) => !group.date_delete && (startsWith(group.handle, query) || hasWord(group.name, query)))
    .map((group) => ({
      insert: `@${group.handle} `,
      exact: group.handle === query,
      node: [
        h("span", { class: "option-icon" }, icon("people")),
        h(
          "span",
          { class: "option-words" },
          h("span", { class: "option-label" }, h("strong", {}, `@${group.handle}`)),
          h("span", { class: "option-description" }, group.name),
        ),
      ],
    }));
  return [...people, ...groups];
}

function channelItems(query) {
  return [...store.conversations.values()]
    .filter(({ kind, name }) => kind === "channel" && startsWith(name, query))
    .map((conversation) => ({
      insert: `#${conversation.name} `,
      exact: conversation.name === query,
      node: [
        h("span", { class: "option-icon" }, icon("hash")),
        h(
          "span",
          { class: "option-words" },
          h("span", { class: "option-label" }, h("strong", {}, conversation.name)),
        ),
      ],
    }));
}

/** What is being typed right before the caret: `{start, items}` or null. */
function findTrigger(text, caret, commands) {
  const before = text.slice(0, caret);
  if (commands && /^\/\S*$/.test(before))
    return { start: 0, items: commandItems(before.toLowerCase()), title: "Commands" };
  const match = /(?:^|\s)([@#])([\w.-]*)$/.exec(before);
  if (!match) return null;
  const query = match[2].toLowerCase();
  return {
    start: caret - query.length - 1,
    items: match[1] === "@" ? mentionItems(query) : channelItems(query),
    title: match[1] === "@" ? "People and groups" : "Channels",
  };
}

/** The popup beside a textarea. Enter takes a suggestion unless the words are complete already; then it sends. */
export class Completion {
  /** Watches a textarea; `commands` says whether slash commands are possible here. */
  constructor(input, { commands = true } = {}) {
    this.input = input;
    this.commands = commands;
    this.items = [];
    this.active = 0;
    this.dismissed = null;
    const id = uid("completion");
    this.popup = h("div", {
      id,
      class: "popup listbox completion",
      role: "listbox",
      popover: "manual",
      "aria-label": "Suggestions",
    });
    this.popup.addEventListener("mousedown", (event) => event.preventDefault());
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", id);
    input.addEventListener("input", () => {
      this.dismissed = null;
      this.refresh();
    });
    input.addEventListener("click", () => this.refresh());
    input.addEventListener("blur", () => this.hide());
  }

  get isOpen() {
    return Boolean(this.close);
  }

  refresh() {
    const trigger = findTrigger(this.input.value, this.input.selectionStart, this.commands);
    this.trigger = trigger;
    this.items = trigger ? trigger.items.slice(0, LIMIT) : [];
    if (!this.items.length || this.dismissed === trigger.start) {
      this.hide();
      return;
    }
    this.active = Math.max(
      0,
      this.items.findIndex((item) => item.exact),
    );
    this.draw(trigger.title);
  }

  draw(title) {
    fill(
      this.popup,
      h(
        "div",
        { class: "popup-heading", "aria-hidden": "true" },
        title,
        h("span", { class: "popup-keys" }, "↑↓ move · Tab or Enter take · Esc close"),
      ),
    );
    this.rows = this.items.map((item, index) => {
      const row = h(
        "div",
        { role: "option", id: uid("suggestion"), class: "option", "aria-selected": "false" },
        item.node,
      );
      row.addEventListener("click", () => this.take(index));
      this.popup.append(row);
      return row;
    });
    if (!this.close)
      this.close = openFloating(this.popup, this.input.closest(".composer-box"), { matchWidth: true });
    else window.dispatchEvent(new Event("resize"));
    this.mark(this.active);
  }

  mark(index) {
    this.active = (index + this.rows.length) % this.rows.length;
    this.rows.forEach((row, at) => {
      row.classList.toggle("active", at === this.active);
      row.setAttribute("aria-selected", String(at === this.active));
    });
    this.rows[this.active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", this.rows[this.active].id);
  }

  take(index = this.active) {
    const { value, selectionStart } = this.input;
    const insert = this.items[index].insert;
    this.input.value =
      value.slice(0, this.trigger.start) + insert + value.slice(selectionStart).replace(/^ /, "");
    const caret = this.trigger.start + insert.length;
    this.input.setSelectionRange(caret, caret);
    this.hide();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  hide() {
    this.close?.();
    this.close = null;
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Handle a key while the popup is open; true when it was taken. */
  key(event) {
    if (!this.isOpen) return false;
    if (event.key === "ArrowDown") this.mark(this.active + 1);
    else if (event.key === "ArrowUp") this.mark(this.active - 1);
    else if (
      event.key === "Tab" ||
      (event.key === "Enter" && !event.shiftKey && !this.items[this.active].exact)
    )
      this.take();
    else if (event.key === "Escape") {
      this.dismissed = this.trigger.start;
      this.hide();
    } else return false;
    event.preventDefault();
    return true;
  }
}
