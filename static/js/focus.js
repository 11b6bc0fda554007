// The error summary takes the focus, so that it is read first.
export function focusMarked(root) {
  const marked = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
  marked?.focus();
}
