// What JavaScript adds; every page works without it.
import { readCharts } from "./chart.js";
import { enableCopying } from "./copy.js";
import { showFailures } from "./failures.js";
import { focusMarked } from "./focus.js";
import { closeMenus } from "./menu.js";
import { enableSelection } from "./selection.js";
import { enableShortcuts } from "./shortcuts.js";
import { submitOnce } from "./submit-once.js";
import { enableSwitches } from "./switches.js";
import { switchTheme } from "./theme.js";

switchTheme();
closeMenus();
submitOnce();
enableShortcuts();
showFailures();
enableSwitches();
readCharts();
for (const enhance of [enableCopying, enableSelection, focusMarked]) {
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
}
