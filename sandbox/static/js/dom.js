/** Building DOM nodes. Text always becomes text nodes, so no data can ever turn into markup. */

const PROPERTIES = new Set([
  "value",
  "checked",
  "disabled",
  "selected",
  "hidden",
  "open",
  "multiple",
  "indeterminate",
]);

/** An element with attributes, listeners (`on: {click}`) and children; null, undefined and false children are left out. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (PROPERTIES.has(name)) {
      node[name] = value;
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(node, children);
  return node;
}

/** Append nodes, strings, numbers and nested lists of them. */
export function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === "") continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Replace everything inside a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

let serial = 0;

/** An id that is unique on this page, for labels and descriptions. */
export function uid(prefix = "id") {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** Run once the person has stopped typing for `ms` milliseconds. */
export function debounce(fn, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
}

let announcer = null;

/** Say a sentence to people who use a screen reader. */
export function announce(sentence) {
  announcer ??= document.getElementById("announcer");
  // Everything outside an open modal is out of reach, live regions too.
  const place = document.querySelector("dialog[open]") ?? document.body;
  if (announcer.parentElement !== place) place.append(announcer);
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = sentence;
  });
}
