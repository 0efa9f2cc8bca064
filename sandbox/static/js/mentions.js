/** What a person typed, written as Slack sends it. */

import { escape } from "./mrkdwn.js";
import { handleOf } from "./names.js";
import { listPeople, store } from "./store.js";

const BROADCASTS = new Set(["here", "channel", "everyone"]);

function findMention(handle, labelled) {
  if (BROADCASTS.has(handle)) return `<!${handle}>`;
  const user = listPeople().find((each) => handleOf(each) === handle);
  if (user) return labelled ? `<@${user.id}|${handle}>` : `<@${user.id}>`;
  const group = [...store.usergroups.values()].find((each) => each.handle === handle);
  if (group) return labelled ? `<!subteam^${group.id}|@${handle}>` : `<!subteam^${group.id}>`;
  return null;
}

function findChannel(name, labelled) {
  const channel = [...store.conversations.values()].find(
    (each) => each.kind === "channel" && each.name === name,
  );
  if (!channel) return null;
  return labelled ? `<#${channel.id}|${name}>` : `<#${channel.id}>`;
}

/** Escape a text and turn the handles and channel names in it into mentions. */
export function encodeMentions(text, { labelled = false } = {}) {
  return escape(text).replace(/(^|[^\w&;])([@#])([\w.-]*\w)/g, (whole, before, mark, name) => {
    const found = mark === "@" ? findMention(name, labelled) : findChannel(name, labelled);
    return found ? before + found : whole;
  });
}

/** A slash command's text: mentions are written out only when its manifest entry asks for it. */
export function encodeCommand(text) {
  const command = store.commands.find((each) => each.command === text.split(/\s/, 1)[0]);
  return command?.should_escape ? encodeMentions(text, { labelled: true }) : text;
}
