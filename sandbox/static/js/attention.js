/** What waits for the others: unread messages to them, so that one knows whom to play next. */

import { getState } from "./api.js";
import { listPeople, publish, store } from "./store.js";

const PAUSE_MS = 2000;

/** Unread messages in a person's own conversations: with the app, and in private channels. */
function countWaiting(conversations) {
  return conversations
    .filter(({ kind, is_private: isPrivate }) => kind === "im" || isPrivate)
    .reduce((sum, { unread }) => sum + (unread ?? 0), 0);
}

async function look() {
  for (const user of listPeople()) {
    if (user.deleted || user.is_stranger || user.id === store.me?.id) continue;
    const state = await getState(user.id).catch(() => null);
    const count = state ? countWaiting(state.conversations) : 0;
    if ((store.waiting.get(user.id) ?? 0) === count) continue;
    store.waiting.set(user.id, count);
    publish("waiting");
  }
}

/** Look every few seconds while the page is in sight and linked. */
export function setUpAttention() {
  setTimeout(async () => {
    if (document.visibilityState === "visible" && store.linked && store.me) await look();
    setUpAttention();
  }, PAUSE_MS);
}
