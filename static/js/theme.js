// Light or dark by hand, kept in a cookie the server reads; otherwise as the system.
const YEAR = 365 * 24 * 3600;

export function switchTheme() {
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  button.hidden = false;
  show(button);
  button.addEventListener("click", () => {
    remember(isDark() ? "light" : "dark");
    show(button);
  });
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function remember(theme) {
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

function show(button) {
  for (const face of button.querySelectorAll("[data-for]")) {
    face.hidden = (face.dataset.for === "dark") !== isDark();
  }
}
