/** Blocks that mostly show: section, header, divider, context, image, table, file and video notes. */

import { h } from "../dom.js";
import { renderElement } from "../elements/index.js";
import { icon } from "../icons.js";
import { externalLink, plainText, renderText } from "../mrkdwn.js";
import { renderRichText } from "./rich_text.js";

function safeImage(address, alt, attributes) {
  const link = externalLink(address ?? "", alt);
  if (!(link instanceof HTMLAnchorElement))
    return h("span", { class: "unsupported-inline" }, `[image: ${alt}]`);
  const image = h("img", {
    src: link.href,
    alt,
    loading: "lazy",
    referrerpolicy: "no-referrer",
    ...attributes,
  });
  image.addEventListener("error", () =>
    image.replaceWith(h("span", { class: "image-gone" }, alt || "image")),
  );
  return image;
}

const imageAddress = (image) => image.image_url ?? image.slack_file?.url;

export function renderSection(block, surface) {
  const accessory = block.accessory;
  const side = !accessory
    ? null
    : accessory.type === "image"
      ? safeImage(imageAddress(accessory), accessory.alt_text, { class: "accessory-image" })
      : renderElement(accessory, block, surface);
  return h(
    "div",
    { class: "section" },
    h(
      "div",
      { class: "section-main" },
      block.text && h("div", { class: "text" }, renderText(block.text)),
      block.fields &&
        h(
          "div",
          { class: "fields" },
          block.fields.map((field) => h("div", { class: "text" }, renderText(field))),
        ),
    ),
    side && h("div", { class: "accessory" }, side),
  );
}

export const renderHeader = (block) => h("h3", { class: "header-block" }, plainText(block.text));

export const renderDivider = () => h("hr");

export function renderContext(block) {
  return h(
    "div",
    { class: "context" },
    block.elements.map((element) =>
      element.type === "image"
        ? safeImage(imageAddress(element), element.alt_text, { class: "context-image" })
        : h("span", { class: "context-text" }, renderText(element)),
    ),
  );
}

export function renderImage(block) {
  const image = safeImage(imageAddress(block), block.alt_text, { class: "image-block" });
  if (!block.title) return image;
  return h("figure", {}, h("figcaption", {}, plainText(block.title)), image);
}

export function renderActions(block, surface) {
  return h(
    "div",
    { class: "actions" },
    block.elements.map((element) => renderElement(element, block, surface)),
  );
}

function tableCell(cell, setting, heading) {
  const classes = [setting?.align && `align-${setting.align}`, setting?.is_wrapped && "wrapped"]
    .filter(Boolean)
    .join(" ");
  const node = h(heading ? "th" : "td", { class: classes || null, scope: heading ? "col" : null });
  if (!cell) return node;
  if (cell.type === "rich_text") node.append(renderRichText(cell));
  else if (cell.type === "raw_number") node.append(String(cell.text ?? cell.value ?? ""));
  else node.append(cell.text ?? "");
  return node;
}

export function renderTable(block) {
  const [first, ...rest] = block.rows;
  const row = (cells, heading) =>
    h(
      "tr",
      {},
      cells.map((cell, index) => tableCell(cell, block.column_settings?.[index], heading)),
    );
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Table" },
    h(
      "table",
      {},
      h("thead", {}, first && row(first, true)),
      h(
        "tbody",
        {},
        rest.map((cells) => row(cells, false)),
      ),
    ),
  );
}

export function renderFile(file) {
  const label = file.title || file.name || "file";
  const address = file.url_private ?? file.permalink;
  return h(
    "div",
    { class: "file-card" },
    icon("file"),
    h(
      "span",
      { class: "option-words" },
      address ? externalLink(new URL(address, location.origin).href, label) : h("span", {}, label),
      file.filetype &&
        h("span", { class: "option-description" }, file.pretty_type ?? file.filetype.toUpperCase()),
    ),
  );
}
