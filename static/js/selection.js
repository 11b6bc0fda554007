// <form data-selection>: ticks all rows of the page at once, and says how many are ticked.
export function enableSelection(root) {
  const forms = [...root.querySelectorAll("form[data-selection]")];
  if (root.matches?.("form[data-selection]")) forms.push(root);
  for (const form of forms) enhance(form);
}

function enhance(form) {
  const all = form.querySelector("[data-check-all]");
  const boxes = [...form.querySelectorAll("input[name=control]")];
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count(form, boxes, all);
  });
  form.addEventListener("change", () => count(form, boxes, all));
  count(form, boxes, all);
}

function count(form, boxes, all) {
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  const text = form.querySelector("[data-selected]");
  text.hidden = ticked === 0;
  text.textContent = text.dataset.selected.replace("{}", ticked);
}
