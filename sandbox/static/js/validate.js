/** What Slack's own client checks before it sends a submission. */

const MISSING = "Please complete this required field.";

const isEmpty = (state) =>
  Object.entries(state ?? {}).every(
    ([name, value]) =>
      name === "type" ||
      value === null ||
      value === undefined ||
      value === "" ||
      (Array.isArray(value) && !value.length),
  );

function isAddress(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

function checkNumber(element, text) {
  const number = Number(text);
  if (!Number.isFinite(number)) return "Please enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Please enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value))
    return `Please enter a number that is at least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value))
    return `Please enter a number that is at most ${element.max_value}.`;
  return null;
}

function checkState(element, state) {
  const text = state?.value;
  if (typeof text !== "string") return null;
  if (element.min_length && text.length < element.min_length)
    return `Please enter at least ${element.min_length} characters.`;
  if (element.type === "email_text_input" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text))
    return "Please enter a valid email address.";
  if (element.type === "url_text_input" && !isAddress(text)) return "Please enter a valid URL.";
  if (element.type === "number_input") return checkNumber(element, text);
  return null;
}

/** Errors by block id; empty when everything can be sent. */
export function checkValues(blocks, values) {
  const errors = {};
  for (const block of blocks) {
    if (block.type !== "input") continue;
    const state = values[block.block_id]?.[block.element.action_id];
    const error = isEmpty(state) ? (block.optional ? null : MISSING) : checkState(block.element, state);
    if (error) errors[block.block_id] = error;
  }
  return errors;
}
