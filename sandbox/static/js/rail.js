/** The narrow bar on the left: one click makes you somebody else. Below it, theme and tools. */

import { announce, fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, displayName, roleHint } from "./names.js";
import { followInPlace, go, readRoute, routeHref } from "./router.js";
import { listPeople, on, store } from "./store.js";
import { toggleSidebar } from "./sidebar.js";
import { nextTheme, readTheme } from "./theme.js";

const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };
const THEME_WORDS = { auto: "as the system", light: "light", dark: "dark" };

/** Where a switch leads: the same channel, or the person's own direct message with the app. */
function routeAs(user) {
  const route = readRoute();
  const here = store.conversations.get(route.c);
  return { as: user.id, c: here?.kind === "channel" ? route.c : here ? "app" : "", tab: route.tab };
}

function personLink(user, index) {
  const current = user.id === store.me?.id;
  const name = displayName(user);
  const shortcut = index < 9 ? `, Alt+${index + 1}` : "";
  const waiting = current ? 0 : (store.waiting.get(user.id) ?? 0);
  const words = `${name}, ${roleHint(user)}${waiting ? `, ${waiting} unread` : ""}`;
  const link = h(
    "a",
    {
      href: routeHref(routeAs(user)),
      class: `rail-person${current ? " current" : ""}`,
      "data-user": user.id,
      "aria-current": current ? "true" : null,
      "aria-label": `Switch to ${words}`,
      title: `${words}${shortcut}`,
    },
    avatar(user),
    waiting > 0 && h("span", { class: "unread-badge", "aria-hidden": "true" }, waiting),
    h("span", { class: "rail-name", "aria-hidden": "true" }, name.split(" ")[0]),
  );
  return followInPlace(link, () => routeAs(user));
}

function toolButton(name, iconName, label, onClick) {
  const button = h(
    "button",
    { type: "button", class: "rail-tool", "aria-label": label, title: label, "data-tool": name },
    icon(iconName),
  );
  button.addEventListener("click", () => onClick(button));
  return button;
}

function themeButton() {
  const label = (theme) => `Theme: ${THEME_WORDS[theme]}. Change`;
  const button = toolButton("theme", THEME_ICONS[readTheme()], label(readTheme()), () => {
    const theme = nextTheme();
    fill(button, icon(THEME_ICONS[theme]));
    button.setAttribute("aria-label", label(theme));
    button.title = label(theme);
    announce(`Theme ${THEME_WORDS[theme]}`);
  });
  return button;
}

export function setUpRail({ openDrawer }) {
  const rail = document.getElementById("rail");
  const openTool = (kind, button) => {
    toggleSidebar(false);
    openDrawer(kind, button);
  };
  const people = h("div", { class: "rail-people" });
  fill(
    rail,
    h("div", { class: "rail-logo", "aria-hidden": "true" }, icon("key")),
    people,
    h(
      "div",
      { class: "rail-tools" },
      toolButton("protocol", "journal", "Protocol: what Slack and the bot say to each other", (button) =>
        openTool("protocol", button),
      ),
      toolButton("admin", "people", "Workspace admin", (button) => openTool("admin", button)),
      themeButton(),
    ),
  );
  const draw = () => {
    const focused = people.contains(document.activeElement) && document.activeElement.dataset.user;
    fill(people, h("p", { class: "rail-caption" }, "You are"), listPeople().map(personLink));
    if (focused) people.querySelector(`[data-user="${CSS.escape(focused)}"]`)?.focus();
  };
  for (const topic of ["state", "people", "route", "waiting"]) on(topic, draw);
  document.addEventListener("keydown", (event) => {
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (!event.altKey || event.ctrlKey || event.metaKey || !digit) return;
    const user = listPeople()[Number(digit) - 1];
    if (!user) return;
    event.preventDefault();
    go(routeAs(user));
  });
}
