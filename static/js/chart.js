// <rect class="chart__strip"><title>: shows a day's values at once, beside the pointer.
// Without this the browser shows the title itself, after a moment.
export function readCharts() {
  document.addEventListener("pointerover", (event) => {
    const strip = event.target.closest?.(".chart__strip, .chart__dot");
    hide();
    if (strip) show(strip);
  });
  document.addEventListener("pointerleave", hide);
}

function hide() {
  for (const reading of document.querySelectorAll(".chart__reading")) reading.remove();
}

function show(strip) {
  const title = strip.querySelector("title");
  if (title) {
    // Else the browser's own would cover ours.
    strip.dataset.values = title.textContent;
    title.remove();
  }
  const chart = strip.closest(".chart");
  const reading = document.createElement("div");
  reading.className = "chart__reading";
  reading.setAttribute("aria-hidden", "true");
  reading.textContent = strip.dataset.values;
  chart.append(reading);
  place(reading, strip.getBoundingClientRect(), chart.getBoundingClientRect());
}

function place(reading, strip, chart) {
  const room = chart.width - reading.offsetWidth;
  const wanted = strip.left - chart.left + strip.width / 2 - reading.offsetWidth / 2;
  reading.style.left = `${Math.min(Math.max(wanted, 0), Math.max(room, 0))}px`;
  reading.style.top = `${strip.top - chart.top - reading.offsetHeight / 2}px`;
}
