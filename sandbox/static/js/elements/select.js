/** Every select of Block Kit, single and multiple, on top of the combobox. */

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { plainText } from "../mrkdwn.js";
import { avatar, displayName, roleHint } from "../names.js";
import { listPeople, store } from "../store.js";
import { Combobox, filterGroups } from "./combobox.js";

const fromSlackOption = (option) => ({
  key: option.value,
  label: plainText(option.text),
  description: option.description ? plainText(option.description) : "",
  original: option,
});

const fromUser = (user) => ({
  key: user.id,
  label: displayName(user),
  search: user.name,
  description: roleHint(user),
  picture: () => avatar(user, "small"),
});

const fromConversation = (conversation) => ({
  key: conversation.id,
  label: conversation.kind === "im" ? store.app.name : conversation.name,
  picture: () => h("span", { class: "option-icon" }, icon(conversation.kind === "im" ? "key" : "hash")),
});

function slackGroups(source) {
  if (source.option_groups) {
    return source.option_groups.map((group) => ({
      label: plainText(group.label),
      options: group.options.map(fromSlackOption),
    }));
  }
  return [{ options: (source.options ?? []).map(fromSlackOption) }];
}

const people = () => [
  {
    options: listPeople()
      .filter((user) => !user.deleted)
      .map(fromUser),
  },
];
const conversations = (kinds) => () => [
  {
    options: [...store.conversations.values()]
      .filter(({ kind }) => kinds.includes(kind))
      .map(fromConversation),
  },
];

/** Where each kind of select takes its options from, and under which names its state goes. */
const KINDS = {
  static_select: {
    one: "selected_option",
    many: "selected_options",
    initial: "initial_option",
    initials: "initial_options",
  },
  external_select: {
    one: "selected_option",
    many: "selected_options",
    initial: "initial_option",
    initials: "initial_options",
  },
  users_select: {
    one: "selected_user",
    many: "selected_users",
    initial: "initial_user",
    initials: "initial_users",
    list: people,
  },
  channels_select: {
    one: "selected_channel",
    many: "selected_channels",
    initial: "initial_channel",
    initials: "initial_channels",
    list: conversations(["channel"]),
  },
  conversations_select: {
    one: "selected_conversation",
    many: "selected_conversations",
    initial: "initial_conversation",
    initials: "initial_conversations",
    list: conversations(["channel", "im"]),
  },
};

function externalChoices(scope, element) {
  const least = element.min_query_length ?? 3;
  let timer = 0;
  return (query) => {
    clearTimeout(timer);
    if (query.trim().length < least) {
      return Promise.reject(new Error(`Type at least ${least} ${least === 1 ? "character" : "characters"}.`));
    }
    return new Promise((resolve, reject) => {
      timer = setTimeout(
        () => scope.loadOptions(query.trim()).then((answer) => resolve(slackGroups(answer)), reject),
        query ? 180 : 0,
      );
    });
  };
}

function choicesOf(scope, element, kind) {
  if (element.type.endsWith("external_select")) return externalChoices(scope, element);
  const groups = kind.list ?? (() => slackGroups(element));
  return (query) => filterGroups(groups(), query);
}

/** The option behind a stored value: a Slack option, or the id of a person or conversation. */
function optionFor(value, kind) {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") return fromSlackOption(value);
  return (
    kind
      .list()
      .flatMap((group) => group.options)
      .find((option) => option.key === value) ?? { key: value, label: value }
  );
}

export function renderSelect(element, scope) {
  const multiple = element.type.startsWith("multi_");
  const kind = KINDS[element.type.replace("multi_", "")];
  const name = multiple ? kind.many : kind.one;
  const begin = multiple ? (element[kind.initials] ?? []) : (element[kind.initial] ?? null);
  const state = scope.start({ [name]: begin })[name];
  const placeholder =
    plainText(element.placeholder) || (multiple ? "Choose one or more" : "Choose an option");
  const valueOf = (option) => option?.original ?? option?.key ?? null;
  const box = new Combobox({
    choices: choicesOf(scope, element, kind),
    selected: (multiple ? state : [state]).map((value) => optionFor(value, kind)).filter(Boolean),
    onChange: (options) =>
      scope.change({ [name]: multiple ? options.map(valueOf) : valueOf(options[0]) }, box.node),
    placeholder,
    named: scope.named(placeholder),
    identity: scope.identity,
    multiple,
    clearable: scope.inInput && scope.optional,
    max: element.max_selected_items ?? Infinity,
  });
  return box.node;
}
