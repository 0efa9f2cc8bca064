/** The main pane: a channel, or the app with its Home, Messages and About tabs. */

import { renderAbout } from "./about.js";
import * as api from "./api.js";
import { Composer } from "./composer.js";
import { fill, h } from "./dom.js";
import { renderHome } from "./home.js";
import { icon } from "./icons.js";
import { renderIntro } from "./intro.js";
import { groupReplies } from "./message.js";
import { MessageList } from "./messages.js";
import { avatar, displayName } from "./names.js";
import { followInPlace, go, readRoute, routeHref } from "./router.js";
import { toggleSidebar } from "./sidebar.js";
import { beginLoading, isReply, listMessages, on, publish, setMessages, setUnread, store } from "./store.js";
import { toast } from "./toast.js";

const TABS = [
  ["home", "Home", "home"],
  ["messages", "Messages", "chat"],
  ["about", "About", "info"],
];

const pane = () => document.getElementById("pane");
let shown = { key: "", list: null, stop: () => {} };

function menuButton() {
  const button = h(
    "button",
    { type: "button", class: "icon-button nav-toggle", "aria-label": "Show people and conversations" },
    icon("menu"),
  );
  button.addEventListener("click", () => toggleSidebar(true));
  return button;
}

function tabLinks(conversation, tab) {
  const shownTabs = TABS.filter(([name]) => store.app[`${name}_tab_enabled`] !== false);
  return h(
    "nav",
    { class: "tabs", "aria-label": store.app.name },
    shownTabs.map(([name, label, picture]) => {
      const route = () => ({ as: readRoute().as, c: conversation.id, tab: name });
      const link = h(
        "a",
        { href: routeHref(route()), class: "tab", "aria-current": name === tab ? "page" : null },
        icon(picture),
        label,
      );
      return followInPlace(link, route);
    }),
  );
}

function channelHeader(conversation) {
  return h(
    "header",
    { class: "pane-header" },
    menuButton(),
    h("h2", { class: "pane-title" }, icon(conversation.is_private ? "lock" : "hash"), conversation.name),
    conversation.topic && h("p", { class: "pane-topic" }, conversation.topic),
  );
}

function appHeader(conversation, tab) {
  return h(
    "header",
    { class: "pane-header pane-header-app" },
    menuButton(),
    h("h2", { class: "pane-title" }, avatar(null, "small"), store.app.name),
    tabLinks(conversation, tab),
  );
}

/** Why nothing can be written here, or null. */
function findClosure(conversation) {
  const name = displayName(store.me);
  if (store.me.deleted) return `${name} is deactivated. Slack would have signed this person out.`;
  if (conversation.kind === "channel" && conversation.is_member === false)
    return `${name} is not in #${conversation.name}. This is a preview.`;
  if (conversation.kind === "im" && store.app.messages_tab_read_only) {
    return `Sending messages to ${store.app.name} has been turned off. Use its commands in a channel.`;
  }
  return null;
}

function composerFor(conversation) {
  const closure = findClosure(conversation);
  if (closure) return h("p", { class: "composer-closed" }, closure);
  const label = conversation.kind === "im" ? `Message ${store.app.name}` : `Message #${conversation.name}`;
  return new Composer({ channel: conversation.id, label, id: "composer-input" }).node;
}

/** The list of a conversation's messages without the replies, which count under their message. */
function drawerOf(conversation, list) {
  const channel = conversation.id;
  const intro = renderIntro(conversation);
  return () => {
    const messages = listMessages(channel);
    list.replies = groupReplies(messages);
    const top = messages.filter((message) => !isReply(message) || message.subtype === "thread_broadcast");
    list.draw(channel, top, { intro });
  };
}

/** The composer below a list; gives the function that closes or opens it when the person's standing changes. */
function placeComposer(conversation) {
  let closure = findClosure(conversation);
  let foot = composerFor(conversation);
  pane().append(foot);
  return () => {
    if (findClosure(conversation) === closure) return;
    closure = findClosure(conversation);
    const next = composerFor(conversation);
    foot.replaceWith(next);
    foot = next;
  };
}

/** Show the messages of one conversation and keep them current; gives the function that stops it. */
function openMessages(conversation, header) {
  const channel = conversation.id;
  const openThread = (ts) => go({ ...readRoute(), thread: ts });
  const list = new MessageList({
    label:
      conversation.kind === "im" ? `Messages with ${store.app.name}` : `Messages in #${conversation.name}`,
    options: (message) => ({ openThread, replies: list.replies.get(message.ts) }),
  });
  const draw = drawerOf(conversation, list);
  fill(pane(), header, list.node);
  const refreshComposer = placeComposer(conversation);
  const here = (event) => event.channel === channel && draw();
  const stops = ["messages", "message", "message_gone"].map((topic) => on(topic, here));
  stops.push(
    on("people", () => {
      list.invalidate();
      draw();
      refreshComposer();
    }),
  );
  loadConversation(conversation, list);
  shown.list = list;
  return () => stops.forEach((stop) => stop());
}

async function loadConversation(conversation, list) {
  const unread = conversation.unread;
  const user = store.me.id;
  try {
    beginLoading(conversation.id);
    const { messages } = await api.getMessages(user, conversation.id);
    if (store.me?.id !== user) return;
    const top = messages.filter((message) => !isReply(message));
    if (unread && unread < top.length) list.unreadFrom = top[top.length - unread].ts;
    setMessages(conversation.id, messages);
    setUnread(conversation.id, 0);
    list.toBottom();
  } catch (error) {
    toast(error.message, "error");
  }
}

function openAppTab(conversation, tab) {
  const header = appHeader(conversation, tab);
  if (tab === "messages") {
    // Slack tells the app of this too; what it answers comes as a message.
    api.getHome(store.me.id, "messages").catch((error) => toast(error.message, "error"));
    return openMessages(conversation, header);
  }
  const body = h("div", {
    class: "pane-scroll",
    tabindex: "0",
    role: "region",
    "aria-label": `${store.app.name} ${tab}`,
  });
  fill(pane(), header, body);
  if (tab === "home") return renderHome(body);
  fill(body, renderAbout());
  return () => {};
}

/** Show what the route says, unless it is shown already. */
export function showPane(route) {
  const conversation = store.conversations.get(route.c);
  if (!conversation) {
    shown.stop();
    shown = { key: "", list: null, stop: () => {} };
    fill(pane(), h("div", { class: "pane-empty" }, menuButton(), h("p", {}, "Choose a conversation.")));
    return;
  }
  const key = [store.me.id, conversation.id, route.tab, conversation.is_member].join();
  if (shown.key === key) return;
  shown.stop();
  shown = { key, list: null, stop: () => {} };
  const stop =
    conversation.kind === "im"
      ? openAppTab(conversation, route.tab)
      : openMessages(conversation, channelHeader(conversation));
  shown.stop = stop;
}

/** Read the shown conversation again, after the link to the sandbox was away. */
export function reloadPane() {
  const conversation = store.conversations.get(readRoute().c);
  if (conversation && shown.list) loadConversation(conversation, shown.list);
  publish("home_stale");
}

/** Draw the pane anew when the same place belongs to a changed workspace. */
export function resetPane() {
  shown.stop();
  shown = { key: "", list: null, stop: () => {} };
}
