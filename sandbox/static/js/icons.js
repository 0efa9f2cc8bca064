/** Line icons, drawn on a 20 by 20 grid. */

const PATHS = {
  hash: "M8 3 6.5 17M13.5 3 12 17M3.5 7.5h13M3 12.5h13",
  lock: "M5.5 9h9a.5.5 0 0 1 .5.5v6.5a.5.5 0 0 1-.5.5h-9a.5.5 0 0 1-.5-.5V9.5a.5.5 0 0 1 .5-.5ZM7 9V6.5a3 3 0 0 1 6 0V9",
  chat: "M4 4.5h12a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 16 14.5H9L5 17.5v-3H4A1.5 1.5 0 0 1 2.5 13V6A1.5 1.5 0 0 1 4 4.5Z",
  key: "M11.2 11.2 17 17m-2.2-2.2 1.7-1.7M9.7 9.7a3.8 3.8 0 1 0-5.4-5.4 3.8 3.8 0 0 0 5.4 5.4Z",
  home: "m3 9 7-6 7 6v7.5a.5.5 0 0 1-.5.5H12v-5H8v5H3.5a.5.5 0 0 1-.5-.5Z",
  info: "M10 9v5M10 6.2v.1M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z",
  close: "m5 5 10 10M15 5 5 15",
  back: "M12.5 4 6.5 10l6 6",
  down: "m5.5 8 4.5 4.5L14.5 8",
  send: "M3.5 3.5 17 10 3.5 16.5 5.5 10Zm2 6.5H11",
  reply: "M8.5 5 3.5 9.5l5 4.5v-3c4 0 6.5 1 8 3.5 0-5-3-8-8-8Z",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.4 4.4l1 1M14.6 14.6l1 1M4.4 15.6l1-1M14.6 5.4l1-1",
  moon: "M16.5 11.5A7 7 0 0 1 8.5 3.5a7 7 0 1 0 8 8Z",
  auto: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm0-14v14M10 6.5l5.5 1M10 10.5l6.5 0M10 14.5l5-1",
  people:
    "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2 16.5c.3-3 2.5-4.5 5.5-4.5s5.2 1.5 5.5 4.5M13 4a2.8 2.8 0 0 1 0 5.3M15 12.3c1.8.6 2.8 2 3 4.2",
  journal: "m4 6 4 4-4 4M10 14.5h6",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  warning: "M10 3.5 2.5 16.5h15ZM10 8.5v3.5M10 14.2v.1",
  file: "M5 2.5h6.5L15.5 6.5v10.5a.5.5 0 0 1-.5.5H5a.5.5 0 0 1-.5-.5V3a.5.5 0 0 1 .5-.5ZM11.5 2.5v4h4",
  menu: "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
  check: "m4 10.5 4 4 8-9",
  eye: "M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10Zm8 2.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6Z",
  plus: "M10 4v12M4 10h12",
  link: "M8 12l4-4M9 6l1.5-1.5a3.5 3.5 0 0 1 5 5L14 11M11 14l-1.5 1.5a3.5 3.5 0 0 1-5-5L6 9",
};

/** A decorative icon, hidden from assistive technology. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
