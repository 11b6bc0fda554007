// A live part of the page that cannot be refreshed says so, once, and goes when it works again.
export function showFailures() {
  const notice = document.getElementById("refresh-failed");
  const signedOut = document.getElementById("signed-out");
  if (!notice) return;
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const isSignedOut = event.detail.xhr?.status === 401;
      (isSignedOut ? signedOut : notice).hidden = false;
    });
  }
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.successful !== false) notice.hidden = signedOut.hidden = true;
  });
}
