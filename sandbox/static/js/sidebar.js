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

/** Everything one can stand in, in the order of the side bar. */
function stops() {
  return [...document.querySelectorAll("#sidebar a.entry")];
}

export function setUpSidebar() {
  const sidebar = document.getElementById("sidebar");

  function draw() {
    if (!store.me) {
      fill(sidebar, h("header", { class: "side-header" }, h("h1", {}, store.team.name)));
      return;
    }
    const route = readRoute();
    const direct = findAppConversation();
    const inApp = direct && route.c === direct.id;
    const focused = document.activeElement?.closest?.("#sidebar a.entry");
    const key =
      focused &&
      `a.entry[data-channel="${CSS.escape(focused.dataset.channel)}"][data-kind="${focused.dataset.kind}"]`;
    fill(
      sidebar,
      header(),
      h(
        "div",
        { class: "side-scroll" },
        section("Channels", channelEntries(route)),
        section(
          "Direct messages",
          direct
            ? [
                entry({
                  conversation: direct,
                  label: store.app.name,
                  picture: avatar(botUser(), "small"),
                  tab: "messages",
                  current: inApp && route.tab === "messages",
                  kind: "im",
                }),
              ]
            : [],
        ),
        section(
          "Apps",
          direct && store.app.home_tab_enabled
            ? [
                entry({
                  conversation: { ...direct, unread: 0 },
                  label: store.app.name,
                  picture: avatar(botUser(), "small"),
                  tab: "home",
                  current: inApp && route.tab !== "messages",
                  kind: "app",
                }),
              ]
            : [],
        ),
      ),
      h(
        "p",
        { class: `side-status ${store.linked && store.connected ? "on" : "off"}`, role: "status" },
        h("span", { class: "dot", "aria-hidden": "true" }),
        !store.linked
          ? "Reconnecting to the sandbox…"
          : store.connected
            ? `${store.app.name} is connected`
            : `${store.app.name} is not connected`,
      ),
    );
    if (key) sidebar.querySelector(key)?.focus();
  }

  for (const topic of ["state", "people", "conversations", "route", "link"]) on(topic, draw);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.getElementById("app").classList.contains("nav-open")) {
      toggleSidebar(false);
      document.querySelector(".nav-toggle")?.focus();
    }
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const entries = stops();
    const at = entries.findIndex((each) => each.classList.contains("current"));
    const next = entries[(at + (event.key === "ArrowDown" ? 1 : -1) + entries.length) % entries.length];
    if (!next) return;
    event.preventDefault();
    go({ ...Object.fromEntries(new URLSearchParams(next.getAttribute("href"))) });
  });
}

/** On a phone, side bar and rail slide in over the conversation. */
export function toggleSidebar(open) {
  const app = document.getElementById("app");
  app.classList.toggle("nav-open", open);
  if (app.classList.contains("nav-open"))
    document.querySelector("#sidebar a.entry.current, #sidebar a.entry")?.focus();
}
