/** The start: who is here, what is shown, and what happens when an update arrives. */

import * as api from "./api.js";
import { setUpAttention } from "./attention.js";
import { announce, fill, h } from "./dom.js";
import { openDrawer, setUpDrawer } from "./drawer.js";
import { openLive } from "./live.js";
import { authorName, forgetMessageForms, summary } from "./message.js";
import { dropViews, pushView, replaceView, setUpModal, setViews } from "./modal.js";
import { channelName, displayName } from "./names.js";
import { setUpNotices } from "./notices.js";
import { reloadPane, resetPane, showPane } from "./pane.js";
import { setUpRail } from "./rail.js";
import { go, onRoute, readRoute } from "./router.js";
import { setUpSidebar, toggleSidebar } from "./sidebar.js";
import {
  dropMessage,
  findAppConversation,
  forgetPerson,
  isReply,
  listPeople,
  loadState,
  on,
  publish,
  putMessage,
  setUnread,
  store,
} from "./store.js";
import { applyTheme } from "./theme.js";
import { setUpThread, showThread } from "./thread.js";
import { toast } from "./toast.js";

const LINK_PATIENCE_MS = 1500;
const EMPTY_STATE = {
  team: { id: "", name: "Sandbox" },
  me: null,
  users: [],
  usergroups: [],
  conversations: [],
  commands: [],
  app: {},
  connected: false,
};

let live = null;
let entering = 0;

function isShown(channel) {
  const route = readRoute();
  return (
    route.c === channel && (store.conversations.get(channel)?.kind === "channel" || route.tab === "messages")
  );
}

function noteMessage(channel, message) {
  if (message.user === store.me.id) return;
  const words = `${authorName(message)}: ${summary(message)}`;
  if (isShown(channel) && document.visibilityState === "visible") {
    announce(words);
    return;
  }
  if (isReply(message)) return;
  const conversation = store.conversations.get(channel);
  setUnread(channel, (conversation?.unread ?? 0) + 1);
  announce(`In ${channelName(channel)}, ${words}`);
}

const onFrame = {
  message({ channel, message }) {
    const known = store.messages.get(channel)?.has(message.ts);
    putMessage(channel, message);
    if (!known) noteMessage(channel, message);
  },
  message_changed: ({ channel, message }) => putMessage(channel, message),
  message_deleted: ({ channel, ts }) => dropMessage(channel, ts),
  view_opened: ({ view }) => pushView(view),
  view_updated: ({ view }) => replaceView(view),
  views: ({ views }) => setViews(views),
  home({ view }) {
    store.homeView = view;
    publish("home");
  },
  user({ user }) {
    store.users.set(user.id, user);
    if (user.id === store.me?.id) store.me = user;
    publish("people");
    showRoute();
  },
  usergroup({ usergroup }) {
    store.usergroups.set(usergroup.id, usergroup);
    publish("people");
  },
  conversation({ conversation }) {
    const shown = isShown(conversation.id) && document.visibilityState === "visible";
    store.conversations.set(conversation.id, {
      ...store.conversations.get(conversation.id),
      ...conversation,
      ...(shown ? { unread: 0 } : {}),
    });
    publish("conversations");
    showRoute();
  },
  reset: () => location.reload(),
  toast: ({ text, level }) => toast(text, level),
  connected({ connected }) {
    store.connected = connected;
    publish("link");
  },
};

/** What happened while the link was away is read anew. */
async function catchUp(user) {
  const state = await api.getState(user);
  if (store.me?.id !== user) return;
  loadState(state);
  setViews((await api.getViews(user)).views);
  reloadPane();
}

/** Listen to a person's updates; resolves once the link is up, or after a moment without it. */
function openLink(user) {
  live?.close();
  let isUp;
  const up = new Promise((resolve) => {
    isUp = resolve;
  });
  setTimeout(isUp, LINK_PATIENCE_MS);
  live = openLive(user, {
    onFrame: (frame) => onFrame[frame.type]?.(frame),
    async onLink(linked, again) {
      store.linked = linked;
      if (linked) isUp();
      if (linked && again) {
        await catchUp(user).catch((error) => toast(error.message, "error"));
      }
      publish("link");
    },
  });
  return up;
}

/** Fill in what the address leaves open: the first channel, the app's first tab. */
function completeRoute(route) {
  const direct = findAppConversation();
  const c = route.c === "app" ? (direct?.id ?? "") : route.c;
  const known = store.conversations.get(c);
  const first =
    [...store.conversations.values()].find(
      ({ kind, is_member: member }) => kind === "channel" && member !== false,
    ) ?? [...store.conversations.values()][0];
  const conversation = known ?? first;
  const tab =
    conversation?.kind !== "im"
      ? ""
      : ["home", "messages", "about"].includes(route.tab)
        ? route.tab
        : "messages";
  return {
    as: store.me.id,
    c: conversation?.id ?? "",
    tab: tab === "home" && !store.app.home_tab_enabled ? "messages" : tab,
    thread: known ? route.thread : "",
  };
}

function showTitle() {
  const route = readRoute();
  const unread = [...store.conversations.values()].reduce((sum, { unread: count = 0 }) => sum + count, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${channelName(route.c)} · ${displayName(store.me)} · ${store.team.name}`;
}

function showRoute() {
  if (!store.me) return;
  const route = readRoute();
  showPane(route);
  showThread(route);
  showTitle();
}

/** Become somebody: load their workspace and listen to their updates. */
async function enter(route) {
  entering += 1;
  const turn = entering;
  const state = await api.getState(route.as || undefined);
  if (turn !== entering) return;
  dropViews();
  forgetPerson();
  forgetMessageForms();
  resetPane();
  loadState(state);
  // Listening comes before reading, so that nothing falls between the two.
  await openLink(store.me.id);
  if (turn !== entering) return;
  go(completeRoute(readRoute()), { replace: true });
  announce(`You are ${displayName(store.me)}`);
  const { views } = await api.getViews(store.me.id);
  if (turn === entering && views.length) setViews(views);
}

async function follow(route) {
  toggleSidebar(false);
  if (!store.me || route.as !== store.me.id) {
    await enter(route).catch(showFailure);
    return;
  }
  const complete = completeRoute(route);
  if (JSON.stringify(complete) !== JSON.stringify(route)) {
    go(complete, { replace: true });
    return;
  }
  publish("route");
  showRoute();
}

/** Nobody can be here, a deactivated person for instance: say why, and leave the way to the others open. */
async function showFailure(error) {
  live?.close();
  resetPane();
  dropViews();
  if (!store.users.size) loadState(await api.getState().catch(() => ({ ...EMPTY_STATE })));
  store.me = null;
  publish("state");
  const retry = h("button", { type: "button", class: "button button-primary" }, "Try again");
  retry.addEventListener("click", () => location.reload());
  fill(
    document.getElementById("pane"),
    h(
      "div",
      { class: "pane-empty", role: "alert" },
      h("h2", {}, "The workspace could not be opened"),
      h("p", {}, error.message),
      retry,
    ),
  );
}

/** Without a person in the address, the page begins with the first who can do anything. */
async function firstPerson() {
  const { as } = readRoute();
  if (as) return as;
  const state = await api.getState();
  loadState(state);
  return (store.me && !store.me.deleted ? store.me : listPeople().find((user) => !user.deleted))?.id;
}

async function start() {
  applyTheme();
  setUpRail({ openDrawer });
  setUpSidebar();
  setUpThread();
  setUpDrawer();
  setUpModal();
  setUpNotices();
  setUpAttention();
  onRoute(follow);
  on("conversations", () => store.me && showTitle());
  document.getElementById("app").addEventListener("click", (event) => {
    if (event.target.id === "app") toggleSidebar(false);
  });
  document.addEventListener("visibilitychange", () => {
    const { c } = readRoute();
    if (document.visibilityState === "visible" && isShown(c)) setUnread(c, 0);
  });
  try {
    const as = await firstPerson();
    store.me = null;
    await follow({ ...readRoute(), as });
  } catch (error) {
    showFailure(error);
  }
}

start();
