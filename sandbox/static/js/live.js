/** Live updates over one WebSocket. It reconnects by itself with a growing pause. */

const PAUSES_MS = [250, 500, 1000, 2000, 4000];

/** Open the link for one person. `onFrame` gets each update, `onLink(true|false)` each change of the link. */
export function openLive(user, { onFrame, onLink }) {
  let socket = null;
  let closed = false;
  let attempt = 0;
  let timer = 0;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/sandbox/live?user=${encodeURIComponent(user)}`);
    socket.addEventListener("open", () => {
      const again = attempt > 0;
      attempt = 0;
      onLink(true, again);
    });
    socket.addEventListener("message", (event) => onFrame(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      if (closed) return;
      onLink(false);
      timer = setTimeout(connect, PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]);
      attempt += 1;
    });
  }

  connect();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}
