/** Popups in the browser's top layer, placed beside what opened them. */

const GAP = 6;

/** Put an open popover under its anchor, or above it where there is more room, within the window. */
export function place(popup, anchor, { matchWidth = false, align = "start" } = {}) {
  const box = anchor.getBoundingClientRect();
  const style = popup.style;
  style.setProperty("min-width", matchWidth ? `${box.width}px` : "");
  style.setProperty("max-height", "");
  const below = innerHeight - box.bottom - GAP * 2;
  const above = box.top - GAP * 2;
  const wanted = Math.min(popup.scrollHeight + 2, 340);
  const goesUp = below < wanted && above > below;
  style.setProperty("max-height", `${Math.max(96, Math.min(340, goesUp ? above : below))}px`);
  const width = popup.offsetWidth;
  const left = align === "end" ? box.right - width : box.left;
  style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`);
  style.setProperty("top", goesUp ? `${box.top - GAP - popup.offsetHeight}px` : `${box.bottom + GAP}px`);
}

/** Show a `popover="manual"` element and keep it in place until it is hidden again; gives the hiding function. */
export function openFloating(popup, anchor, options) {
  popup.showPopover();
  const move = () => place(popup, anchor, options);
  move();
  window.addEventListener("resize", move);
  document.addEventListener("scroll", move, true);
  return () => {
    window.removeEventListener("resize", move);
    document.removeEventListener("scroll", move, true);
    if (popup.isConnected && popup.matches(":popover-open")) popup.hidePopover();
  };
}
