// Values are read off where a chart is pointed at; all charts are there without this.
"use strict";

const tip = document.getElementById("tip");

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function nearest(values, place) {
  let low = 0, high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle][0] < place) low = middle + 1; else high = middle;
  }
  return low > 0 && place - values[low - 1][0] < values[low][0] - place ? low - 1 : low;
}

for (const plot of document.querySelectorAll("svg.plot")) {
  const values = JSON.parse(plot.dataset.values);
  if (!values.length) continue;
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", "0");
  cursor.setAttribute("y2", "100%");
  let shown = 0;

  const show = (at) => {
    shown = Math.max(0, Math.min(values.length - 1, at));
    const [place, where, lines] = values[shown];
    cursor.setAttribute("x1", `${100 * place}%`);
    cursor.setAttribute("x2", `${100 * place}%`);
    plot.append(cursor);
    const list = make("ul", "legend");
    for (const [style, name, value] of lines) {
      const item = make("li", `line ${style}`, `${name} `);
      item.append(make("b", "", value));
      list.append(item);
    }
    tip.replaceChildren(make("p", "", where), list);
    tip.hidden = false;
    const box = plot.getBoundingClientRect();
    const x = box.left + scrollX + box.width * place, own = tip.getBoundingClientRect();
    const right = x + own.width + 16 > scrollX + document.documentElement.clientWidth;
    tip.style.left = `${Math.max(scrollX + 4, right ? x - own.width - 12 : x + 12)}px`;
    tip.style.top = `${box.top + scrollY + 6}px`;
  };
  const hide = () => { tip.hidden = true; cursor.remove(); };

  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    show(nearest(values, (event.clientX - box.left) / box.width));
  });
  plot.addEventListener("pointerleave", hide);
  plot.setAttribute("tabindex", "0");
  plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) show(shown); });
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -values.length, End: values.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(shown + step);
  });
}
