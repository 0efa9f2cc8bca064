/** What the page knows about the workspace, and who wants to hear when it changes. */

const listeners = new Map();

export const store = {
  me: null,
  team: { id: "", name: "" },
  app: { id: "", name: "", bot_user_id: "", home_tab_enabled: true, messages_tab_enabled: true },
  users: new Map(),
  usergroups: new Map(),
  conversations: new Map(),
  commands: [],
  messages: new Map(),
  waiting: new Map(),
  homeView: undefined,
  connected: false,
  linked: false,
};

/** Call `listener(detail)` whenever a topic is published; gives a function that stops it. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic).delete(listener);
}

export function publish(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** Take over the answer of `GET /sandbox/state`. */
export function loadState(state) {
  store.team = state.team;
  store.app = { home_tab_enabled: true, messages_tab_enabled: true, ...state.app };
  store.users = new Map(state.users.map((user) => [user.id, user]));
  store.me = typeof state.me === "string" ? store.users.get(state.me) : state.me;
  store.usergroups = new Map(state.usergroups.map((group) => [group.id, group]));
  store.conversations = new Map(state.conversations.map((conversation) => [conversation.id, conversation]));
  store.commands = state.commands;
  store.connected = state.connected;
  publish("state");
}

/** Forget what belonged to the person who was here before. */
export function forgetPerson() {
  store.messages = new Map();
  store.homeView = undefined;
}

// Updates that arrive while a conversation is being read are newer than the answer: they are applied to it again.
const arrivals = new Map();

/** A conversation is about to be read. */
export function beginLoading(channel) {
  arrivals.set(channel, []);
}

/** Take over what was read of a conversation. */
export function setMessages(channel, messages) {
  const known = new Map(messages.map((message) => [message.ts, message]));
  for (const change of arrivals.get(channel) ?? []) change(known);
  arrivals.delete(channel);
  store.messages.set(channel, known);
  publish("messages", { channel });
}

function changeMessages(channel, change) {
  arrivals.get(channel)?.push(change);
  const known = store.messages.get(channel);
  if (known) change(known);
}

export function putMessage(channel, message) {
  changeMessages(channel, (known) => known.set(message.ts, message));
  publish("message", { channel, message });
}

export function dropMessage(channel, ts) {
  changeMessages(channel, (known) => known.delete(ts));
  publish("message_gone", { channel, ts });
}

/** Messages of a conversation, oldest first. */
export function listMessages(channel) {
  return [...(store.messages.get(channel)?.values() ?? [])].sort((a, b) => Number(a.ts) - Number(b.ts));
}

export function setUnread(channel, unread) {
  const conversation = store.conversations.get(channel);
  if (!conversation || conversation.unread === unread) return;
  conversation.unread = unread;
  publish("conversations");
}

/** The people one can be: everyone except bots. */
export function listPeople() {
  return [...store.users.values()].filter((user) => !user.is_bot && user.id !== "USLACKBOT");
}

/** The direct message with the app, if the person has one. */
export function findAppConversation() {
  return [...store.conversations.values()].find((conversation) => conversation.kind === "im") ?? null;
}

export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}
