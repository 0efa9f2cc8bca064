/** Modals: the open views as a stack in one native dialog, which traps the focus by itself. */

import * as api from "./api.js";
import { controlOf, setInputError } from "./blocks/input.js";
import { renderBlocks } from "./blocks/index.js";
import { announce, fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { plainText } from "./mrkdwn.js";
import { avatar } from "./names.js";
import { store } from "./store.js";
import { createSurface, Form } from "./surface.js";
import { checkValues } from "./validate.js";

const dialog = () => document.getElementById("modal");
const panels = new Map();
let stack = [];
let frames = 0;
let returnTo = null;

function closeButton(view, label, className, all, content) {
  const button = h("button", { type: "button", class: className, "aria-label": label }, content);
  button.addEventListener("click", () => closeTop(view, all));
  return button;
}

function renderHeader(view, titleId) {
  return h(
    "header",
    { class: "modal-header" },
    closeButton(view, "Back", "icon-button modal-back", false, icon("back")),
    avatar(store.users.get(store.app.bot_user_id) ?? null, "small"),
    h("h2", { id: titleId }, plainText(view.title)),
    closeButton(view, "Close", "icon-button modal-close", true, icon("close")),
  );
}

function renderSubmit(view) {
  const hasInput = view.blocks.some((block) => block.type === "input");
  const label = plainText(view.submit) || (hasInput ? "Submit" : "");
  if (!label) return null;
  return h("button", { type: "submit", class: "button button-primary button-submit" }, h("span", {}, label));
}

function buildPanel(view) {
  const form = panels.get(view.id)?.form ?? new Form();
  form.keepOnly(view.blocks);
  const surface = createSurface("modal", { type: "view", view_id: view.id }, form);
  const submit = renderSubmit(view);
  const closeLabel = plainText(view.close) || (submit ? "Cancel" : "Close");
  const banner = h("p", { class: "modal-error", role: "alert" });
  const body = h("div", { class: "modal-body", tabindex: "-1" }, renderBlocks(view.blocks, surface));
  const titleId = `title-${view.id}`;
  const node = h(
    "form",
    { class: "modal-panel", novalidate: true, "data-view-id": view.id },
    renderHeader(view, titleId),
    body,
    banner,
    h("footer", { class: "modal-footer" }, closeButton(view, null, "button", false, closeLabel), submit),
  );
  const panel = { view, form, node, body, banner, submit, titleId, text: JSON.stringify(view.blocks) };
  listenToPanel(panel);
  return panel;
}

function listenToPanel(panel) {
  panel.node.addEventListener("submit", (event) => {
    event.preventDefault();
    submitPanel(panel);
  });
  panel.node.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (sends && !event.defaultPrevented) submitPanel(panel);
  });
  panel.node.addEventListener("input", (event) => clearError(event.target));
  panel.node.addEventListener("change", (event) => clearError(event.target));
}

function clearError(control) {
  const block = control.closest("[data-block-id]");
  if (block?.classList.contains("has-error")) setInputError(block, "");
}

/** The panel of a view: drawn anew only when the view has changed, with what was entered kept. */
function panelFor(view) {
  const old = panels.get(view.id);
  const unchanged =
    old &&
    old.text === JSON.stringify(view.blocks) &&
    plainText(old.view.title) === plainText(view.title) &&
    plainText(old.view.submit) === plainText(view.submit) &&
    plainText(old.view.close) === plainText(view.close);
  if (unchanged) {
    old.view = view;
    return old;
  }
  const panel = buildPanel(view);
  if (old) panel.scrollTop = old.body.scrollTop;
  panels.set(view.id, panel);
  return panel;
}

function focusFirst(panel) {
  const wanted =
    panel.body.querySelector("[data-focus-on-load]") ??
    panel.body.querySelector("input, textarea, [role=combobox]") ??
    panel.submit ??
    panel.node.querySelector(".modal-footer button");
  wanted?.focus();
}

function focusAgain(panel, place) {
  const block = place.block && panel.node.querySelector(`[data-block-id="${CSS.escape(place.block)}"]`);
  const control =
    place.action && (block ?? panel.node).querySelector(`[data-action-id="${CSS.escape(place.action)}"]`);
  if (!control) return focusFirst(panel);
  control.focus();
  if (place.caret !== null && control.setSelectionRange && /text|search|url|password/.test(control.type))
    control.setSelectionRange(place.caret, place.caret);
  return undefined;
}

function focusPlace() {
  const focused = document.activeElement;
  return {
    block: focused?.closest("[data-block-id]")?.dataset.blockId,
    action: focused?.closest("[data-action-id]")?.dataset.actionId,
    caret: typeof focused?.selectionStart === "number" ? focused.selectionStart : null,
  };
}

/** Show a stack of views, bottom first. */
export function setViews(views) {
  frames += 1;
  const ids = new Set(views.map((view) => view.id));
  for (const id of panels.keys()) if (!ids.has(id)) panels.delete(id);
  const before = stack[stack.length - 1];
  stack = views;
  const top = views[views.length - 1];
  const box = dialog();
  if (!top) {
    if (box.open) box.close();
    return;
  }
  const shown = box.firstElementChild;
  const place = box.open ? focusPlace() : null;
  const panel = panelFor(top);
  panel.node.classList.toggle("stacked", views.length > 1);
  box.setAttribute("aria-labelledby", panel.titleId);
  if (!box.open) {
    returnTo = describeFocus();
    fill(box, panel.node);
    box.showModal();
    focusFirst(panel);
  } else if (shown !== panel.node) {
    fill(box, panel.node);
    panel.body.scrollTop = panel.scrollTop ?? 0;
    if (before?.id === top.id) focusAgain(panel, place);
    else focusFirst(panel);
  }
}

/** A view was opened on top; the stack frame that follows has the last word. */
export function pushView(view) {
  if (stack.some((each) => each.id === view.id)) replaceView(view);
  else setViews([...stack, view]);
}

/** A view was updated. One that is closed already stays closed. */
export function replaceView(view) {
  if (stack.some((each) => each.id === view.id))
    setViews(stack.map((each) => (each.id === view.id ? view : each)));
}

/** Remember what had the focus, in a form that survives a redraw of its message. */
function describeFocus() {
  const node = document.activeElement;
  const holder = node?.closest?.("[data-ts], [data-view-id]");
  const action = node?.closest?.("[data-action-id]")?.dataset.actionId;
  const scope = holder?.dataset.ts ? `[data-ts="${CSS.escape(holder.dataset.ts)}"] ` : "";
  return { node, selector: action ? `${scope}[data-action-id="${CSS.escape(action)}"]` : null };
}

function giveFocusBack() {
  const wanted =
    returnTo?.node?.isConnected && returnTo.node !== document.body
      ? returnTo.node
      : returnTo?.selector && document.querySelector(returnTo.selector);
  (wanted ?? document.getElementById("composer-input") ?? document.getElementById("pane")).focus();
  returnTo = null;
}

async function syncViews() {
  const seen = frames;
  const user = store.me.id;
  const { views } = await api.getViews(user);
  if (frames === seen && store.me.id === user) setViews(views);
}

async function closeTop(view, all) {
  try {
    await api.closeView({ user: store.me.id, view_id: view.id, all: all || view.clear_on_close === true });
    await syncViews();
  } catch (error) {
    panels.get(view.id).banner.textContent = error.message;
  }
}

function setPending(panel, pending) {
  panel.node.classList.toggle("pending", pending);
  panel.node.setAttribute("aria-busy", String(pending));
  if (panel.submit) panel.submit.disabled = pending;
}

function showErrors(panel, errors) {
  const blocks = [...panel.body.children];
  let first = null;
  const lost = [];
  for (const block of blocks) {
    const text = errors[block.dataset.blockId] ?? "";
    if (setInputError(block, text) && text) first ??= block;
  }
  for (const [blockId, text] of Object.entries(errors)) {
    if (!blocks.some((block) => block.dataset.blockId === blockId && block.querySelector(".input-error")))
      lost.push(text);
  }
  panel.banner.textContent = lost.join(" ");
  if (first) {
    first.scrollIntoView({ block: "nearest" });
    controlOf(first)?.focus();
  }
}

async function submitPanel(panel) {
  if (!panel.submit || panel.node.classList.contains("pending")) return;
  const { view, form } = panel;
  const values = form.pick(view.blocks);
  const missing = checkValues(view.blocks, values);
  showErrors(panel, missing);
  if (Object.keys(missing).length) return;
  setPending(panel, true);
  announce("Sending");
  try {
    const answer = await api.submitView({ user: store.me.id, view_id: view.id, values });
    if (answer.errors) showErrors(panel, answer.errors);
    else if (answer.ok === false)
      panel.banner.textContent = answer.error ?? "We had some trouble connecting. Try again?";
    else await syncViews();
  } catch (error) {
    panel.banner.textContent = error.message;
  } finally {
    setPending(panel, false);
  }
}

export function setUpModal() {
  const box = dialog();
  box.addEventListener("cancel", (event) => {
    event.preventDefault();
    const top = stack[stack.length - 1];
    if (top) closeTop(top, false);
  });
  box.addEventListener("close", () => {
    fill(box);
    panels.clear();
    giveFocusBack();
  });
}

/** The open views belong to the person who was here before. */
export function dropViews() {
  returnTo = null;
  setViews([]);
}
