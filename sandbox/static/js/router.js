/** Who and where, kept in the address: `?as=U…&c=C…&tab=home|messages|about&thread=ts`. */

const listeners = new Set();

export function readRoute() {
  const query = new URLSearchParams(location.search);
  return {
    as: query.get("as") ?? "",
    c: query.get("c") ?? "",
    tab: query.get("tab") ?? "",
    thread: query.get("thread") ?? "",
  };
}

/** The address for a route; empty parts are left out. */
export function routeHref(route) {
  const query = new URLSearchParams();
  for (const name of ["as", "c", "tab", "thread"]) {
    if (route[name]) query.set(name, route[name]);
  }
  return `?${query}`;
}

/** Go somewhere and tell everyone. `replace` leaves no step in the browser's history. */
export function go(route, { replace = false } = {}) {
  const href = routeHref(route);
  if (replace) history.replaceState(null, "", href);
  else if (href !== location.search) history.pushState(null, "", href);
  for (const listener of listeners) listener(readRoute());
}

export function onRoute(listener) {
  listeners.add(listener);
}

window.addEventListener("popstate", () => {
  for (const listener of listeners) listener(readRoute());
});

/** Let a link change the route in place, while Ctrl, Shift or middle click still open a window. */
export function followInPlace(link, makeRoute) {
  link.addEventListener("click", (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(makeRoute());
  });
  return link;
}
