// What assistive technology stumbles over, as a list of complaints.
const problems = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const shown = (element) => element.checkVisibility();
const levels = all("h1, h2, h3, h4").filter(shown).map((heading) => Number(heading.tagName[1]));
if (levels.filter((level) => level === 1).length !== 1) problems.push("not one h1");
levels.forEach((level, at) => { if (at && level > levels[at - 1] + 1) problems.push(`h${level} after h${levels[at - 1]}`); });
for (const control of all("input, select, textarea"))
  if (control.labels.length !== 1 || !control.labels[0].textContent.trim()) problems.push(`no label: ${control.id}`);
for (const image of all("img")) if (!image.hasAttribute("alt")) problems.push("an image without alt");
for (const button of all("button, a")) if (!button.textContent.trim()) problems.push("a button without a name");
for (const one of all("[aria-labelledby], [aria-describedby]"))
  for (const id of `${one.getAttribute("aria-labelledby") ?? ""} ${one.getAttribute("aria-describedby") ?? ""}`.split(" "))
    if (id && !document.getElementById(id)) problems.push(`nothing is called ${id}`);
const ids = all("[id]").map((element) => element.id);
if (new Set(ids).size !== ids.length) problems.push("an id twice");
if (!document.documentElement.lang || !document.title || !document.querySelector("main")) problems.push("lang, title, main");
for (const target of all("button, input, select, textarea").filter(shown)) {
  const box = target.getBoundingClientRect();
  if (Math.min(box.width, box.height) < 20) problems.push(`too small to hit: ${target.id} ${target.className}`);
}
return problems;
