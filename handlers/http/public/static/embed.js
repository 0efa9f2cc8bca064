// Shows a banner on your own site while something is open on the status page:
// <script src="https://status.example.com/embed.js" defer></script>
(() => {
  "use strict";
  const source = document.currentScript && document.currentScript.src;
  if (!source) return;
  const base = source.replace(/\/embed\.js(\?.*)?$/, "");
  // What the page's configuration says of the banner is put in here.
  const own = {};
  const [vertical, horizontal] = (own.position || "bottom-right").split("-");
  const colours = { none: "#33415c", minor: "#8a6400", major: "#a84300", critical: "#b3202e", maintenance: "#2456c9" };
  const worst = ["critical", "major", "minor", "maintenance", "none"];
  const drawer = "keydesk:" + base;
  let host = null;
  let closed = [];
  // Where a site may keep nothing, closing lasts until the next reload.
  try { closed = JSON.parse(localStorage.getItem(drawer)) || []; } catch { /* as it is */ }

  function keep(marks) {
    closed = marks;
    try { localStorage.setItem(drawer, JSON.stringify(marks)); } catch { /* as it is */ }
  }

  // What somebody has read: the same incident is new again once something is said about it, or it gets worse.
  function markOf(entry) {
    const last = entry.incident_updates && entry.incident_updates[0];
    return [entry.id, entry.impact, last ? last.id : ""].join("/");
  }

  function rank(entry) {
    const place = worst.indexOf(entry.impact);
    return place < 0 ? worst.length : place;
  }

  function show(entries) {
    const [entry, ...others] = entries;
    const name = entry.name + (others.length ? " (and " + others.length + " more)" : "");
    if (!host) {
      host = document.createElement("div");
      host.attachShadow({ mode: "open" });
      document.body.append(host);
    }
    const kind = entry.impact === "maintenance" ? "maintenance" : "incident";
    const ground = own[kind + "_background_color"] || colours[entry.impact] || colours.none;
    const ink = own[kind + "_text_color"] || "#fff";
    const bar = document.createElement("div");
    bar.setAttribute("role", "status");
    const link = document.createElement("a");
    link.href = base + (entry.id ? "/incidents/" + encodeURIComponent(entry.id) + "/" : "/");
    link.textContent = name;
    link.dir = "auto";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "×";
    button.setAttribute("aria-label", "Close");
    button.addEventListener("click", () => { keep([...closed, ...entries.map(markOf)]); hide(); });
    // Set one by one, so that a site's own Content-Security-Policy against inline styles does not matter.
    Object.assign(bar.style, {
      position: "fixed", [horizontal]: "16px", [vertical]: "16px", zIndex: "2147483000", display: "flex", gap: "12px",
      alignItems: "center", maxWidth: "calc(100vw - 32px)", boxSizing: "border-box", padding: "12px 16px",
      borderRadius: "10px", background: ground, color: ink,
      font: "15px/1.4 system-ui, sans-serif", boxShadow: "0 6px 24px rgba(0,0,0,.25)",
    });
    Object.assign(link.style, { color: ink, textDecoration: "underline", minWidth: "0", overflowWrap: "anywhere" });
    Object.assign(button.style, {
      background: "transparent", border: "0", color: ink, font: "22px/1 system-ui, sans-serif",
      cursor: "pointer", flex: "none", minWidth: "28px", minHeight: "28px",
    });
    bar.append(link, button);
    host.shadowRoot.replaceChildren(bar);
  }

  function hide() {
    if (host) host.remove();
    host = null;
  }

  async function look() {
    try {
      const summary = await (await fetch(base + "/api/v2/summary.json", { credentials: "omit" })).json();
      const running = summary.scheduled_maintenances.filter((entry) => entry.status !== "scheduled");
      const open = [...summary.incidents, ...running].sort((one, other) => rank(one) - rank(other));
      // Components may be worse off than anything that is open says, or nobody has written anything yet.
      const state = { id: "", name: summary.page.name + ": " + summary.status.description, impact: summary.status.indicator };
      if (state.impact !== "none" && (!open.length || rank(state) < rank(open[0]))) open.unshift(state);
      const marks = open.map(markOf);
      if (closed.some((mark) => !marks.includes(mark))) keep(closed.filter((mark) => marks.includes(mark)));
      const unseen = open.filter((entry) => !closed.includes(markOf(entry)));
      if (unseen.length) show(unseen);
      else hide();
    } catch {
      hide();
    }
  }

  look();
  setInterval(look, 60000);
})();
