/** Names of people, groups and channels, and the small pictures that stand for them. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./store.js";

const AVATAR_COLORS = [
  "#b4472f",
  "#8a5a00",
  "#3f7a28",
  "#0f7a6c",
  "#2667a8",
  "#6a4bb5",
  "#a23a86",
  "#556270",
];

export function displayName(user) {
  if (!user) return "Unknown person";
  return user.real_name || user.profile?.real_name || user.profile?.display_name || user.name || user.id;
}

/** The name of a user id, or the id itself when nobody has it. */
export function userName(id) {
  const user = store.users.get(id);
  return user ? displayName(user) : id;
}

/** The handle that completion inserts and mentions are recognised by. */
export const handleOf = (user) => user.name;

export function channelName(id) {
  const conversation = store.conversations.get(id);
  if (!conversation) return id;
  return conversation.kind === "im" ? store.app.name : conversation.name;
}

export function groupHandle(id) {
  return store.usergroups.get(id)?.handle ?? id;
}

/** What one should know about a person at a glance, most telling first. */
export function roleHints(user) {
  const hints = [];
  if (user.deleted) hints.push("deactivated");
  if (user.is_bot) hints.push("app");
  if (user.is_primary_owner) hints.push("primary owner");
  else if (user.is_owner) hints.push("workspace owner");
  else if (user.is_admin) hints.push("workspace admin");
  if (user.is_ultra_restricted) hints.push("single-channel guest");
  else if (user.is_restricted) hints.push("guest");
  if (user.is_stranger || (user.team_id && store.team.id && user.team_id !== store.team.id))
    hints.push("other workspace");
  return hints;
}

export const roleHint = (user) => roleHints(user)[0] ?? "member";

function initials(name) {
  const words = name.trim().split(/\s+/);
  return (words[0][0] + (words.length > 1 ? words[words.length - 1][0] : "")).toUpperCase();
}

function hashOf(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return sum;
}

/** A coloured square with initials; the app gets its key. */
export function avatar(user, size = "") {
  const node = h("span", { class: `avatar ${size && `avatar-${size}`}`, "aria-hidden": "true" });
  if (!user || user.is_bot || user.id === store.app.bot_user_id) {
    node.classList.add("avatar-app");
    node.append(icon("key"));
    return node;
  }
  const color = /^#?[0-9a-f]{6}$/i.test(user.avatar_color ?? "")
    ? user.avatar_color
    : AVATAR_COLORS[hashOf(user.id) % AVATAR_COLORS.length];
  node.style.setProperty("--avatar", color.startsWith("#") ? color : `#${color}`);
  node.append(initials(displayName(user)));
  if (user.deleted) node.classList.add("avatar-gone");
  return node;
}
