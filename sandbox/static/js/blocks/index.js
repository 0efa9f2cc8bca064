/** Block Kit: a list of blocks becomes a list of nodes. */

import { h } from "../dom.js";
import { icon } from "../icons.js";
import {
  renderActions,
  renderContext,
  renderDivider,
  renderFile,
  renderHeader,
  renderImage,
  renderSection,
  renderTable,
} from "./basic.js";
import { renderInput } from "./input.js";
import { renderMarkdown } from "./markdown.js";
import { renderRichText } from "./rich_text.js";

const RENDERERS = {
  section: renderSection,
  header: renderHeader,
  divider: renderDivider,
  context: renderContext,
  image: renderImage,
  actions: renderActions,
  input: renderInput,
  rich_text: renderRichText,
  table: renderTable,
  markdown: (block) => h("div", { class: "markdown" }, renderMarkdown(block.text)),
  file: (block) => renderFile(block.file ?? { name: block.external_id }),
};

function unsupported(block, why) {
  return h(
    "div",
    { class: "unsupported", role: "note" },
    icon("warning"),
    h("span", {}, `${why}: `, h("code", {}, String(block?.type))),
  );
}

function renderBlock(block, surface) {
  const render = RENDERERS[block?.type];
  if (!render) return unsupported(block, "Unsupported block");
  try {
    return render(block, surface);
  } catch (error) {
    // One broken block must not take the rest of the message with it.
    console.error(error);
    return unsupported(block, "This block could not be drawn");
  }
}

/** Draw blocks for a surface; each node carries its block's id and type. */
export function renderBlocks(blocks, surface) {
  return blocks.map((block) =>
    h(
      "div",
      {
        class: `block block-${block?.type}`,
        "data-block-id": block?.block_id ?? "",
        "data-block-type": block?.type,
      },
      renderBlock(block, surface),
    ),
  );
}
