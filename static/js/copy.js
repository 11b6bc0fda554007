// <button data-copy="text">: copies, says so, and says so to screen readers.
export function enableCopying(root) {
  const buttons = [...root.querySelectorAll("[data-copy]")];
  if (root.matches?.("[data-copy]")) buttons.push(root);
  for (const button of buttons) {
    if (button.dataset.copyReady) continue;
    button.dataset.copyReady = "yes";
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const texts = document.body.dataset;
  const worked = await write(button.dataset.copy);
  announce(worked ? texts.copied : texts.copyFailed);
  const before = [...button.childNodes];
  button.replaceChildren(worked ? texts.copied : texts.copyFailed);
  setTimeout(() => button.replaceChildren(...before), 2000);
}

// The clipboard API is missing on plain http: fall back to a selection.
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeSelection(text);
  }
}

function writeSelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  return worked;
}

function announce(text) {
  document.getElementById("announcer").textContent = text;
}
