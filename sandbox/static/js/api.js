/** Calls of the sandbox's control side. Every failure becomes an ApiError with the server's own sentence. */

export class ApiError extends Error {}

async function call(method, path, { query = {}, body } = {}) {
  const address = new URL(`/sandbox/${path}`, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) address.searchParams.set(name, value);
  }
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new ApiError("The sandbox does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new ApiError(answer.error ?? `The sandbox answered with status ${response.status}.`);
  return answer;
}

export const getState = (user) => call("GET", "state", { query: { user } });
export const getMessages = (user, channel) => call("GET", "messages", { query: { user, channel } });
export const getHome = (user, tab) => call("GET", "home", { query: { user, tab } });
export const getViews = (user) => call("GET", "views", { query: { user } });
export const getJournal = (after) => call("GET", "journal", { query: { after } });

export const sendCommand = (body) => call("POST", "command", { body });
export const sendMessage = (body) => call("POST", "message", { body });
export const sendAction = (body) => call("POST", "action", { body });
export const loadOptions = (body) => call("POST", "options", { body });
export const submitView = (body) => call("POST", "submit", { body });
export const closeView = (body) => call("POST", "close", { body });
export const uploadFile = (body) => call("POST", "files", { body });

export const changeUser = (id, body) => call("PATCH", `users/${encodeURIComponent(id)}`, { body });
export const addUser = (body) => call("POST", "users", { body });
export const changeGroup = (id, body) => call("PUT", `usergroups/${encodeURIComponent(id)}`, { body });
export const setFault = (body) => call("POST", "faults", { body });
export const resetWorkspace = () => call("POST", "reset", { body: {} });
