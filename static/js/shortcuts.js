// "/" goes to the search field. Can be switched off in the user menu (WCAG 2.1.4).
const KEY = "shortcuts";

export function enableShortcuts() {
  const field = document.querySelector("[data-search], input[type=search]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!field || isTyping(event.target) || localStorage.getItem(KEY) === "off") return;
    event.preventDefault();
    field.focus();
    field.select();
  });
  listenToSwitch();
}

function isTyping(element) {
  return element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);
}

function listenToSwitch() {
  const box = document.querySelector("[data-shortcuts]");
  if (!box) return;
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.checked = localStorage.getItem(KEY) !== "off";
  box.addEventListener("change", () => localStorage.setItem(KEY, box.checked ? "on" : "off"));
}
