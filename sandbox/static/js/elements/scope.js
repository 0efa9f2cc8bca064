/** What one element of a block may see and do: its place, its state, its label, its confirmation. */

import { askConfirm } from "./confirm.js";

/** Make the scope of `element` in `block`. `labelProps` are the ARIA attributes that name it, if a label is visible. */
export function createScope(
  surface,
  block,
  element,
  { labelProps = null, inInput = false, optional = true } = {},
) {
  const blockId = block.block_id ?? "";
  const actionId = element.action_id ?? "";
  const dispatches = inInput ? block.dispatch_action === true : true;

  async function send(action, node) {
    if (element.confirm && !(await askConfirm(element.confirm))) return false;
    node?.setAttribute("aria-busy", "true");
    try {
      return await surface.dispatch(blockId, actionId, { type: element.type, ...action });
    } finally {
      node?.removeAttribute("aria-busy");
    }
  }

  return {
    surface,
    element,
    optional,
    inInput,
    dispatches,
    identity: { "data-action-id": actionId },

    /** ARIA attributes: the visible label, else the given words. */
    named(words) {
      return labelProps ?? { "aria-label": words };
    },

    /** The state to show: what was entered before, else the element's own beginning. */
    start(initial) {
      const known = surface.form.find(blockId, actionId);
      if (known && known.type === element.type) return known;
      this.keep(initial);
      return surface.form.find(blockId, actionId);
    },

    /** Remember without telling the bot. */
    keep(state) {
      surface.form.set(blockId, actionId, { type: element.type, ...state });
    },

    /** Remember and, where the block says so, tell the bot. False when the person declined the confirmation. */
    async change(state, node) {
      const before = surface.form.find(blockId, actionId);
      this.keep(state);
      if (!dispatches) return true;
      if (element.confirm && !(await askConfirm(element.confirm))) {
        surface.form.set(blockId, actionId, before);
        return false;
      }
      node?.setAttribute("aria-busy", "true");
      await surface.dispatch(blockId, actionId, { type: element.type, ...state });
      node?.removeAttribute("aria-busy");
      return true;
    },

    /** Tell the bot about a press that leaves no state. */
    press: send,

    loadOptions(value) {
      return surface.loadOptions(blockId, actionId, value);
    },
  };
}
