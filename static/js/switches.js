// <select data-submit>: sends its form when changed; its button is then not needed.
export function enableSwitches() {
  for (const select of document.querySelectorAll("select[data-submit]")) {
    select.form.querySelector("[data-without-script]")?.setAttribute("hidden", "");
    select.addEventListener("change", () => select.form.requestSubmit());
  }
}
