/** A combobox with a filtered list: the one widget behind every kind of select. */

import { fill, h, uid } from "../dom.js";
import { openFloating, place } from "../floating.js";
import { icon } from "../icons.js";

/**
 * `choices(query)` gives (a promise of) groups `[{label?, options: [{key, label, description?, picture?}]}]` that already match.
 * `selected` are options; `onChange(options)` may answer false to take the change back.
 */
export class Combobox {
  constructor({
    choices,
    selected,
    onChange,
    placeholder,
    named,
    identity = {},
    multiple = false,
    clearable = false,
    max = Infinity,
  }) {
    Object.assign(this, { choices, selected, onChange, multiple, clearable, max, placeholder });
    this.rows = [];
    this.active = -1;
    this.query = "";
    this.close = null;
    this.turn = 0;
    const listId = uid("list");
    this.input = h("input", {
      type: "text",
      role: "combobox",
      class: "select-input",
      autocomplete: "off",
      spellcheck: "false",
      "aria-expanded": "false",
      "aria-controls": listId,
      "aria-autocomplete": "list",
      ...named,
      ...identity,
    });
    this.list = h("div", {
      id: listId,
      class: "popup listbox",
      role: "listbox",
      popover: "manual",
      "aria-multiselectable": multiple || null,
    });
    this.list.setAttribute("aria-label", named["aria-label"] ?? "Options");
    this.chips = h("span", { class: "chips" });
    this.node = h(
      "div",
      { class: `select${multiple ? " select-multiple" : ""}` },
      this.chips,
      this.input,
      this.tail(),
      this.list,
    );
    this.listen();
    this.show();
  }

  tail() {
    this.clear = h(
      "button",
      { type: "button", class: "icon-button select-clear", "aria-label": "Clear selection", hidden: true },
      icon("close"),
    );
    this.clear.addEventListener("click", () => this.commitByButton([]));
    return [this.clear, h("span", { class: "select-arrow" }, icon("down"))];
  }

  listen() {
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("input", () => {
      this.query = this.input.value;
      this.open().then(() => this.refresh());
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.shut());
    this.node.addEventListener("mousedown", (event) => {
      if (event.target === this.input) return;
      // The input keeps the focus: losing it would redraw the chips under the pointer.
      event.preventDefault();
      if (event.target.closest(".listbox, button")) return;
      this.input.focus();
      this.open();
    });
  }

  /** Draw what is chosen. */
  show() {
    fill(this.chips);
    if (this.multiple) {
      for (const option of this.selected) this.chips.append(this.chip(option));
      this.input.value = this.query;
    } else {
      this.input.value = this.selected[0]?.label ?? "";
    }
    this.input.placeholder = this.selected.length && this.multiple ? "" : this.placeholder;
    this.clear.hidden = this.multiple || !this.clearable || !this.selected.length;
  }

  chip(option) {
    const remove = h("button", { type: "button", "aria-label": `Remove ${option.label}` }, icon("close"));
    remove.addEventListener("click", () =>
      this.commitByButton(this.selected.filter((each) => each.key !== option.key)),
    );
    return h("span", { class: "chip" }, option.picture?.(), h("span", {}, option.label), remove);
  }

  async open() {
    if (this.close) return;
    this.close = openFloating(this.list, this.node, { matchWidth: true });
    this.input.setAttribute("aria-expanded", "true");
    if (!this.multiple && !this.query) this.input.select();
    await this.refresh();
  }

  shut() {
    this.turn += 1;
    this.query = "";
    this.close?.();
    this.close = null;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.show();
  }

  async refresh() {
    this.turn += 1;
    const turn = this.turn;
    let groups;
    const answer = this.choices(this.query);
    if (answer instanceof Promise) {
      this.note("Looking…");
      groups = await answer.catch((error) => error.message);
    } else {
      groups = answer;
    }
    if (turn !== this.turn || !this.close) return;
    if (typeof groups === "string") this.note(groups);
    else this.draw(groups);
    place(this.list, this.node, { matchWidth: true });
  }

  note(sentence) {
    this.rows = [];
    fill(this.list, h("p", { class: "popup-note" }, sentence));
  }

  draw(groups) {
    this.rows = [];
    fill(this.list);
    for (const group of groups) {
      const box = group.label
        ? h(
            "div",
            { role: "group", "aria-label": group.label },
            h("div", { class: "popup-heading", "aria-hidden": "true" }, group.label),
          )
        : this.list;
      for (const option of group.options) box.append(this.row(option));
      if (box !== this.list && box.children.length > 1) this.list.append(box);
    }
    if (!this.rows.length) return this.note(this.query ? "Nothing matches." : "There is nothing to choose.");
    const chosen = this.multiple
      ? -1
      : this.rows.findIndex(({ option }) => option.key === this.selected[0]?.key);
    return this.mark(this.query ? 0 : chosen);
  }

  row(option) {
    const chosen = this.selected.some((each) => each.key === option.key);
    const node = h(
      "div",
      {
        id: uid("option"),
        role: "option",
        class: "option",
        "aria-selected": String(chosen),
        "data-value": option.key,
      },
      option.picture?.(),
      h(
        "span",
        { class: "option-words" },
        h("span", { class: "option-label" }, option.label),
        option.description && h("span", { class: "option-description" }, option.description),
      ),
      chosen && icon("check"),
    );
    node.addEventListener("click", () => this.choose(option));
    this.rows.push({ node, option });
    return node;
  }

  mark(index) {
    this.rows[this.active]?.node.classList.remove("active");
    this.active = index;
    const row = this.rows[index];
    if (!row) return this.input.removeAttribute("aria-activedescendant");
    row.node.classList.add("active");
    row.node.scrollIntoView({ block: "nearest" });
    return this.input.setAttribute("aria-activedescendant", row.node.id);
  }

  async choose(option) {
    this.query = "";
    if (!this.multiple) {
      this.shut();
      if (option.key !== this.selected[0]?.key) await this.commit([option]);
      return;
    }
    const had = this.selected.some((each) => each.key === option.key);
    if (!had && this.selected.length >= this.max) return;
    await this.commit(
      had ? this.selected.filter((each) => each.key !== option.key) : [...this.selected, option],
    );
    if (this.close) await this.refresh();
  }

  /** As `commit`, for a button that is drawn away by it: the focus goes on to the input now, not with the app's answer,
   * by when the person may be typing elsewhere. */
  commitByButton(options) {
    this.input.focus();
    return this.commit(options);
  }

  async commit(options) {
    const before = this.selected;
    this.selected = options;
    this.show();
    this.node.dispatchEvent(new Event("change", { bubbles: true }));
    if ((await this.onChange(options)) === false) {
      this.selected = before;
      this.show();
    }
  }

  key(event) {
    const last = this.rows.length - 1;
    const moves = {
      ArrowDown: this.active >= last ? 0 : this.active + 1,
      ArrowUp: this.active <= 0 ? last : this.active - 1,
      PageDown: Math.min(last, this.active + 8),
      PageUp: Math.max(0, this.active - 8),
    };
    if (event.key in moves) {
      event.preventDefault();
      if (this.close) this.mark(moves[event.key]);
      else this.open();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!this.close) this.open();
      else if (this.rows[this.active]) this.choose(this.rows[this.active].option);
    } else if (event.key === "Escape" && this.close) {
      event.preventDefault();
      event.stopPropagation();
      this.shut();
    } else if (event.key === "Backspace" && this.multiple && !this.input.value && this.selected.length) {
      this.commit(this.selected.slice(0, -1)).then(() => this.close && this.refresh());
    }
  }
}

/** Options of static groups that contain the typed words. */
export function filterGroups(groups, query) {
  const words = query.trim().toLowerCase();
  return groups
    .map((group) => ({
      ...group,
      options: group.options.filter(
        (option) =>
          !words ||
          `${option.label} ${option.description ?? ""} ${option.search ?? ""}`.toLowerCase().includes(words),
      ),
    }))
    .filter((group) => group.options.length);
}
