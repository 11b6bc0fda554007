// A live part of the page that cannot be refreshed says so, once, and goes when it works again.
export function showFailures() {
  const notice = document.getElementById("refresh-failed");
  if (!notice) return;
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => { notice.hidden = false; });
  }
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.successful !== false) notice.hidden = true;
  });
}
