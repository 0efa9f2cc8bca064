/** The box one writes in: messages and slash commands. */

import * as api from "./api.js";
import { Completion } from "./completion.js";
import { announce, fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { encodeCommand, encodeMentions } from "./mentions.js";
import { publish, store } from "./store.js";
import { dismissToast } from "./toast.js";

const MAX_HEIGHT_PX = 220;
const drafts = new Map();

export class Composer {
  /** `where` is `{channel, threadTs?, label, id?}`. */
  constructor(where) {
    this.where = where;
    this.key = `${store.me.id}:${where.channel}:${where.threadTs ?? ""}`;
    this.history = [];
    this.input = h("textarea", {
      class: "composer-input",
      id: where.id,
      rows: 1,
      placeholder: where.label,
      "aria-label": where.label,
      value: drafts.get(this.key) ?? "",
      spellcheck: "true",
    });
    this.completion = new Completion(this.input, { commands: !where.threadTs });
    this.hint = h("p", { class: "composer-hint", "aria-live": "polite" });
    const send = {
      type: "submit",
      class: "send-button",
      "aria-label": "Send now",
      title: "Send now (Enter)",
    };
    this.send = h("button", send, icon("send"));
    this.node = h(
      "form",
      { class: "composer", novalidate: true },
      h("div", { class: "composer-box" }, this.input, this.tools()),
      this.hint,
      this.completion.popup,
    );
    this.listen();
    this.refresh();
  }

  tools() {
    const shortcut = (mark, label) => {
      const button = h(
        "button",
        { type: "button", class: "icon-button", "aria-label": label, title: label },
        h("span", { class: "shortcut" }, mark),
      );
      button.addEventListener("click", () => this.insert(mark));
      return button;
    };
    return h(
      "div",
      { class: "composer-tools" },
      !this.where.threadTs && shortcut("/", "Slash commands"),
      shortcut("@", "Mention someone"),
      shortcut("#", "Name a channel"),
      this.send,
    );
  }

  listen() {
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.refresh());
    this.input.addEventListener("keydown", (event) => {
      if (event.isComposing || this.completion.key(event)) return;
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.completion.hide();
        this.submit();
      } else if (event.key === "ArrowUp" && !this.input.value && this.history.length) {
        event.preventDefault();
        this.input.value = this.history[this.history.length - 1];
        this.refresh();
      }
    });
  }

  insert(mark) {
    this.input.focus();
    if (mark === "/") this.input.value = "/";
    else
      this.input.setRangeText(
        /(^|\s)$/.test(this.input.value) ? mark : ` ${mark}`,
        this.input.selectionStart,
        this.input.selectionEnd,
        "end",
      );
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Fit the box to its text and show how the typed command is used. */
  refresh() {
    const { value } = this.input;
    drafts.set(this.key, value);
    this.input.style.setProperty("height", "auto");
    if (this.input.scrollHeight)
      this.input.style.setProperty("height", `${Math.min(this.input.scrollHeight, MAX_HEIGHT_PX)}px`);
    this.send.classList.toggle("ready", Boolean(value.trim()));
    const command = /^\/\S+\s/.test(value)
      ? store.commands.find((each) => each.command === value.split(/\s/, 1)[0])
      : null;
    fill(this.hint, command?.usage_hint && [h("strong", {}, command.command), ` ${command.usage_hint}`]);
  }

  async submit() {
    const text = this.input.value.trim();
    if (!text) return;
    this.history.push(text);
    this.input.value = "";
    this.refresh();
    this.node.classList.add("sending");
    try {
      if (text.startsWith("/") && !text.startsWith("//")) await this.runCommand(text);
      else
        await api.sendMessage({
          user: store.me.id,
          channel: this.where.channel,
          text: encodeMentions(text),
          ...(this.where.threadTs ? { thread_ts: this.where.threadTs } : {}),
        });
    } catch (error) {
      this.giveBack(text, error.message);
    } finally {
      this.node.classList.remove("sending");
    }
  }

  async runCommand(text) {
    if (this.where.threadTs) {
      this.giveBack(text, `${text.split(/\s/, 1)[0]} is not supported in threads. Sorry!`);
      return;
    }
    const answer = await api.sendCommand({
      user: store.me.id,
      channel: this.where.channel,
      text: encodeCommand(text),
    });
    if (answer.ok === false) this.giveBack(text, answer.error ?? "The command failed.");
  }

  /** Say what went wrong, and let the person try again with what they typed. */
  giveBack(text, sentence) {
    announce(sentence);
    dismissToast(sentence);
    publish("notice", { channel: this.where.channel, text: sentence });
    if (!this.input.value) {
      this.input.value = text;
      this.refresh();
    }
  }
}
