/** What Slackbot would whisper: lines that only this page shows. */

import { on, putMessage, store } from "./store.js";

let serial = 0;

/** Turn notices into messages that nobody else sees and that a reload forgets. */
export function setUpNotices() {
  on("notice", ({ channel, text }) => {
    serial += 1;
    const last = Math.max(0, ...[...(store.messages.get(channel)?.keys() ?? [])].map(Number));
    const now = Math.max(Date.now() / 1000, last + 0.000001 * serial);
    putMessage(channel, {
      type: "message",
      user: "USLACKBOT",
      ts: now.toFixed(6),
      text,
      mrkdwn: false,
      is_ephemeral: true,
      is_notice: true,
    });
  });
}
