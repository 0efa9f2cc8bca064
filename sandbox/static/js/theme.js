/** Light, dark, or whatever the system says. The choice is kept in this browser. */

const KEY = "sandbox-theme";
export const THEMES = ["auto", "light", "dark"];

export function readTheme() {
  const stored = localStorage.getItem(KEY);
  return THEMES.includes(stored) ? stored : "auto";
}

export function applyTheme(theme = readTheme()) {
  if (theme === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

/** Move on to the next theme and give its name. */
export function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(readTheme()) + 1) % THEMES.length];
  localStorage.setItem(KEY, theme);
  applyTheme(theme);
  return theme;
}
