/** A place where blocks live (a message, a modal, the Home tab): it keeps what was entered and sends what was pressed. */

import * as api from "./api.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

const actionIds = ({ element, accessory, elements = [] }) =>
  new Set([element, accessory, ...elements].map((each) => each?.action_id));

/** What a person has entered: `{block_id: {action_id: state}}`, in Slack's own form. */
export class Form {
  constructor() {
    this.values = {};
  }

  find(blockId, actionId) {
    return this.values[blockId]?.[actionId] ?? null;
  }

  set(blockId, actionId, state) {
    this.values[blockId] ??= {};
    this.values[blockId][actionId] = state;
  }

  /** Forget elements that these blocks no longer have: one that comes back later begins anew, as in Slack. */
  keepOnly(blocks) {
    const here = new Map(blocks.map((block) => [block.block_id, actionIds(block)]));
    for (const [blockId, entries] of Object.entries(this.values)) {
      for (const actionId of Object.keys(entries))
        if (!here.get(blockId)?.has(actionId)) delete entries[actionId];
    }
  }

  /** The values of the given blocks only; what belonged to blocks that are gone stays behind. */
  pick(blocks) {
    const here = new Set(blocks.map((block) => block.block_id));
    return Object.fromEntries(Object.entries(this.values).filter(([blockId]) => here.has(blockId)));
  }
}

/** `kind` is "message", "modal" or "home"; `container` is what the control side calls the place. */
export function createSurface(kind, container, form = new Form()) {
  return {
    kind,
    container,
    form,

    /** Send one action; true when the bot acknowledged it. A failure is shown, never thrown. */
    async dispatch(blockId, actionId, action) {
      try {
        const answer = await api.sendAction({
          user: store.me.id,
          container,
          block_id: blockId,
          action_id: actionId,
          action,
          state: { values: form.values },
        });
        if (answer.ok === false) toast(answer.error ?? `${store.app.name} did not accept that.`, "error");
        return answer.ok !== false;
      } catch (error) {
        toast(error.message, "error");
        return false;
      }
    },

    /** Ask the bot for the options of an external select. */
    loadOptions(blockId, actionId, value) {
      return api.loadOptions({ user: store.me.id, container, block_id: blockId, action_id: actionId, value });
    },
  };
}
