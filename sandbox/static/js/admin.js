/** The workspace admin drawer: people come, go and change; groups gain and lose members. */

import * as api from "./api.js";
import { askPlain } from "./elements/confirm.js";
import { fill, h, uid } from "./dom.js";
import { avatar, displayName, roleHints } from "./names.js";
import { listPeople, on, store } from "./store.js";
import { toast } from "./toast.js";

async function attempt(work, done) {
  try {
    await work();
    if (done) toast(done);
  } catch (error) {
    toast(error.message, "error");
  }
}

const STANDINGS = [
  [
    "member",
    "Member",
    { is_owner: false, is_admin: false, is_restricted: false, is_ultra_restricted: false },
  ],
  [
    "owner",
    "Workspace owner",
    { is_owner: true, is_admin: true, is_restricted: false, is_ultra_restricted: false },
  ],
  [
    "admin",
    "Workspace admin",
    { is_owner: false, is_admin: true, is_restricted: false, is_ultra_restricted: false },
  ],
  ["guest", "Guest", { is_owner: false, is_admin: false, is_restricted: true, is_ultra_restricted: false }],
  [
    "ultra",
    "Single-channel guest",
    { is_owner: false, is_admin: false, is_restricted: true, is_ultra_restricted: true },
  ],
];

function standingOf(user) {
  if (user.is_ultra_restricted) return "ultra";
  if (user.is_restricted) return "guest";
  if (user.is_owner) return "owner";
  return user.is_admin ? "admin" : "member";
}

function standingSelect(user) {
  const name = displayName(user);
  const select = h(
    "select",
    {
      class: "field field-small",
      "aria-label": `Standing of ${name}`,
      disabled: Boolean(user.deleted || user.is_primary_owner || user.is_stranger),
    },
    STANDINGS.map(([key, label]) => h("option", { value: key, selected: key === standingOf(user) }, label)),
  );
  select.addEventListener("change", () => {
    const [, label, changes] = STANDINGS.find(([key]) => key === select.value);
    attempt(() => api.changeUser(user.id, changes), `${name} is now: ${label.toLowerCase()}.`);
  });
  return select;
}

function personRow(user) {
  const name = displayName(user);
  const leave = h(
    "button",
    {
      type: "button",
      class: `button button-small ${user.deleted ? "" : "button-danger"}`,
      "data-focus": `leave-${user.id}`,
      "aria-label": `${user.deleted ? "Reactivate" : "Deactivate"} ${name}`,
    },
    user.deleted ? "Reactivate" : "Deactivate",
  );
  leave.addEventListener("click", () =>
    attempt(
      () => api.changeUser(user.id, { deleted: !user.deleted }),
      user.deleted ? `${name} is back.` : `${name} has left the workspace.`,
    ),
  );
  return h(
    "li",
    { class: "admin-row", "data-user": user.id },
    avatar(user),
    h(
      "div",
      { class: "admin-who" },
      h("strong", {}, name),
      h("span", {}, `@${user.name}${roleHints(user).length ? ` · ${roleHints(user).join(", ")}` : ""}`),
    ),
    h("div", { class: "admin-controls" }, standingSelect(user), leave),
  );
}

function groupMember(group, user) {
  const box = h("input", {
    type: "checkbox",
    checked: group.users?.includes(user.id),
    "data-focus": `${group.id}-${user.id}`,
  });
  box.addEventListener("change", () => {
    const others = (store.usergroups.get(group.id)?.users ?? []).filter((id) => id !== user.id);
    const verb = box.checked ? "joined" : "left";
    attempt(
      () => api.changeGroup(group.id, { users: box.checked ? [...others, user.id] : others }),
      `${displayName(user)} ${verb} @${group.handle}.`,
    );
  });
  return h("label", { class: "admin-member" }, box, avatar(user, "small"), h("span", {}, displayName(user)));
}

function groupRow(group) {
  const gone = Boolean(group.date_delete);
  const toggle = h(
    "button",
    {
      type: "button",
      class: `button button-small ${gone ? "" : "button-danger"}`,
      "data-focus": `group-${group.id}`,
      "aria-label": `${gone ? "Enable" : "Disable"} @${group.handle}`,
    },
    gone ? "Enable" : "Disable",
  );
  toggle.addEventListener("click", () =>
    attempt(() =>
      api.changeGroup(group.id, {
        users: group.users ?? [],
        date_delete: gone ? 0 : Math.floor(Date.now() / 1000),
      }),
    ),
  );
  return h(
    "fieldset",
    { class: "admin-group", "data-usergroup": group.id },
    h(
      "legend",
      {},
      h("strong", {}, `@${group.handle}`),
      ` ${group.name}`,
      gone && h("span", { class: "badge" }, "disabled"),
    ),
    h(
      "div",
      { class: "admin-members" },
      listPeople()
        .filter((user) => !user.deleted || group.users?.includes(user.id))
        .map((user) => groupMember(group, user)),
    ),
    toggle,
  );
}

function newPerson() {
  const id = uid("name");
  const input = h("input", {
    id,
    class: "field field-small",
    placeholder: "First and last name",
    autocomplete: "off",
  });
  const form = h(
    "form",
    { class: "admin-new" },
    h("label", { for: id }, "New person"),
    input,
    h("button", { class: "button button-small" }, "Add"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const realName = input.value.trim();
    const name = realName
      .toLowerCase()
      .split(/\s+/)[0]
      .replace(/[^\w.-]/g, "");
    if (!name) return;
    input.value = "";
    attempt(() => api.addUser({ name, real_name: realName }), `${realName} has joined the workspace.`);
  });
  return form;
}

const FAULTS = [
  [
    "Slack answers 429 to the next message",
    { method: "chat.postMessage", kind: "ratelimited", retry_after: 5, times: 1 },
  ],
  ["Slack answers 500 to the next message", { method: "chat.postMessage", kind: "http_500", times: 1 }],
  [
    "The connection drops after the next message was carried out",
    { method: "chat.postMessage", kind: "drop", carried_out: true, times: 1 },
  ],
  ["The next delivery comes twice", { method: "delivery", kind: "duplicate", times: 1 }],
  ["Slack closes the socket", { method: "*", kind: "socket_drop", times: 1 }],
];

function faults() {
  return h(
    "div",
    { class: "admin-faults" },
    FAULTS.map(([label, fault]) => {
      const button = h("button", { type: "button", class: "button button-small" }, label);
      button.addEventListener("click", () => attempt(() => api.setFault(fault), `Armed: ${label}.`));
      return button;
    }),
  );
}

function reset() {
  const button = h("button", { type: "button", class: "button button-danger" }, "Reset the workspace");
  button.addEventListener("click", async () => {
    const sure = await askPlain(
      "Reset the workspace?",
      "Messages, open modals, the journal and faults are cleared; people are as they were in the beginning. The bot keeps its own database.",
      "Reset",
    );
    if (sure)
      attempt(async () => {
        await api.resetWorkspace();
        location.reload();
      });
  });
  return button;
}

const part = (title, ...content) =>
  h("section", { class: "drawer-part", "aria-label": title }, h("h3", {}, title), content);

/** Draw the drawer; gives the function that stops its updates. */
export function renderAdmin(body) {
  const people = h("ul", { class: "admin-list" });
  const groups = h("div", {});
  const draw = () => {
    const focus = document.activeElement?.dataset?.focus;
    fill(people, listPeople().map(personRow));
    fill(groups, [...store.usergroups.values()].map(groupRow));
    if (focus) body.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
  };
  fill(
    body,
    part("People", people, newPerson()),
    part("User groups", groups),
    part("When Slack fails", faults()),
    part("Start over", reset()),
  );
  draw();
  const stops = [on("people", draw), on("state", draw)];
  return () => stops.forEach((stop) => stop());
}
