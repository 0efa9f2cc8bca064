/** Workspace, who you are, channels, the direct message with the app, and the app itself. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, displayName, roleHints } from "./names.js";
import { followInPlace, go, readRoute, routeHref } from "./router.js";
import { findAppConversation, on, store } from "./store.js";

function unreadBadge(conversation) {
  if (!conversation.unread) return null;
  return h(
    "span",
    { class: "unread-badge" },
    String(conversation.unread),
    h("span", { class: "visually-hidden" }, " unread"),
  );
}

function entry({ conversation, label, picture, tab = "", current, kind }) {
  const unread = conversation.unread > 0 && !current;
  const route = () => ({ as: readRoute().as, c: conversation.id, tab });
  const link = h(
    "a",
    {
      href: routeHref(route()),
      class: `entry${current ? " current" : ""}${unread ? " unread" : ""}`,
      "aria-current": current ? "page" : null,
      "data-channel": conversation.id,
      "data-kind": kind,
    },
    picture,
    h("span", { class: "entry-label" }, label),
    unread && unreadBadge(conversation),
  );
  return h("li", {}, followInPlace(link, route));
}

function section(title, entries) {
  if (!entries.length) return null;
  return h(
    "section",
    { class: "side-section", "aria-label": title },
    h("h2", {}, title),
    h("ul", {}, entries),
  );
}

function channelEntries(route) {
  return [...store.conversations.values()]
    .filter(({ kind }) => kind === "channel")
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((conversation) =>
      entry({
        conversation,
        label: conversation.name,
        picture: icon(conversation.is_private ? "lock" : "hash"),
        current: conversation.id === route.c,
        kind: "channel",
      }),
    );
}

const botUser = () => store.users.get(store.app.bot_user_id) ?? null;

function header() {
  const hints = roleHints(store.me);
  return h(
    "header",
    { class: "side-header" },
    h("h1", {}, store.team.name),
    h(
      "div",
      { class: "side-me", "data-user": store.me.id },
      avatar(store.me),
      h(
        "div",
        {},
        h("span", { class: "side-name" }, displayName(store.me)),
        h("span", { class: "side-role" }, hints.length ? hints.join(", ") : "member"),
      ),
    ),
  );
}

/** The app stands twice in the side bar: as a conversation, and as an app with its tabs. */
function appEntry(direct, kind, route) {
  const shared = { label: store.app.name, picture: avatar(botUser(), "small"), kind };
  const here = route.c === direct.id;
  const inMessages = route.tab === "messages";
  if (kind === "im") {
    return entry({ ...shared, conversation: direct, tab: "messages", current: here && inMessages });
  }
  const conversation = { ...direct, unread: 0 };
  return entry({ ...shared, conversation, tab: "home", current: here && !inMessages });
}

function status() {
  const state = store.connected ? "is connected" : "is not connected";
  return h(
    "p",
    { class: `side-status ${store.linked && store.connected ? "on" : "off"}`, role: "status" },
    h("span", { class: "dot", "aria-hidden": "true" }),
    store.linked ? `${store.app.name} ${state}` : "Reconnecting to the sandbox…",
  );
}

function draw() {
  const sidebar = document.getElementById("sidebar");
  if (!store.me) {
    fill(sidebar, h("header", { class: "side-header" }, h("h1", {}, store.team.name)));
    return;
  }
  const route = readRoute();
  const direct = findAppConversation();
  const focused = document.activeElement?.closest?.("#sidebar a.entry")?.dataset;
  fill(
    sidebar,
    header(),
    h(
      "div",
      { class: "side-scroll" },
      section("Channels", channelEntries(route)),
      section("Direct messages", direct ? [appEntry(direct, "im", route)] : []),
      section("Apps", direct && store.app.home_tab_enabled ? [appEntry(direct, "app", route)] : []),
    ),
    status(),
  );
  if (focused) {
    const channel = `[data-channel="${CSS.escape(focused.channel)}"]`;
    sidebar.querySelector(`a.entry${channel}[data-kind="${focused.kind}"]`)?.focus();
  }
}

/** Go to the neighbour of the current conversation, in the order of the side bar. */
function goToNeighbour(step) {
  const entries = [...document.querySelectorAll("#sidebar a.entry")];
  const at = entries.findIndex((each) => each.classList.contains("current"));
  const next = entries[(at + step + entries.length) % entries.length];
  if (next) go(Object.fromEntries(new URLSearchParams(next.getAttribute("href"))));
}

export function setUpSidebar() {
  for (const topic of ["state", "people", "conversations", "route", "link"]) on(topic, draw);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.getElementById("app").classList.contains("nav-open")) {
      toggleSidebar(false);
      document.querySelector(".nav-toggle")?.focus();
    } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      goToNeighbour(event.key === "ArrowDown" ? 1 : -1);
    }
  });
}

/** On a phone, side bar and rail slide in over the conversation. */
export function toggleSidebar(open) {
  const app = document.getElementById("app");
  app.classList.toggle("nav-open", open);
  if (app.classList.contains("nav-open"))
    document.querySelector("#sidebar a.entry.current, #sidebar a.entry")?.focus();
}
