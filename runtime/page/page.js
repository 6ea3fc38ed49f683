// The page for people: fills the form with golden rows, asks the API, and shows what it answers.
"use strict";

document.documentElement.classList.add("js");

const STEERING = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

const said = document.getElementById("said");

async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // a page on plain http has no clipboard of its own
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    await copyText(button.dataset.copy);
    button.focus();
    button.classList.add("done");
    said.textContent = `Copied the ${button.dataset.what}`;
    setTimeout(() => button.classList.remove("done"), 1600);
  });
}

// ---- fields --------------------------------------------------------------------------------------------------------

function fieldOf(element) {
  const control = element.querySelector("input, select, textarea");
  const known = new Map();
  for (const option of element.querySelectorAll("datalist option")) known.set(option.value, option.dataset.json);
  const field = {
    element, control, known,
    name: element.dataset.field,
    kind: element.dataset.kind,
    nullable: element.dataset.nullable === "true",
    error: element.querySelector(".error"),
    hint: element.querySelector(".hint"),
    plot: element.querySelector(".histogram"),
  };
  control.addEventListener("input", () => { clearError(field); mark(field); });
  return field;
}

function fill(field, text) {
  if (field.kind === "checkbox") field.control.checked = text === "true";
  else field.control.value = text;
  clearError(field);
  mark(field);
}

// The JSON that stands for what was typed; undefined where nothing was and the field may not be missing.
function jsonOf(field) {
  const text = field.control.value;
  if (field.kind === "checkbox") return String(field.control.checked);
  if (field.kind === "text") return text === "" && field.nullable ? "null" : JSON.stringify(text);
  if (field.kind === "suggestion" && field.known.has(text)) return field.known.get(text);
  if (text.trim() === "") return field.nullable ? "null" : field.element.dataset.default;
  if (field.kind === "choice") return text;
  if (field.kind === "number") return numberJson(text.trim());
  if (field.kind === "suggestion") {
    const numeric = [...field.known.values()].every((json) => JSON_NUMBER.test(json));
    return numeric ? numberJson(text.trim()) : JSON.stringify(text);
  }
  return isJson(text) ? text.trim() : JSON.stringify(text);
}

// Digits stay as typed, so that no large integer is rounded on its way; what is no number goes as text and is refused.
function numberJson(text) {
  if (JSON_NUMBER.test(text)) return text;
  const value = Number(text);
  return Number.isFinite(value) && /\d/.test(text) && !/^0[xob]/i.test(text) ? String(value) : JSON.stringify(text);
}

function isJson(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

function mark(field) {
  if (!field.plot) return;
  const line = field.plot.querySelector("line");
  const low = Number(field.plot.dataset.minimum), high = Number(field.plot.dataset.maximum);
  const text = field.control.value.trim(), value = Number(text);
  const typed = text !== "" && Number.isFinite(value);
  const place = high > low ? (120 * (value - low)) / (high - low) : value === low ? 60 : value < low ? -1 : 121;
  const outside = typed && (value < low || value > high);
  line.classList.toggle("shown", typed && Number.isFinite(place));
  if (typed && Number.isFinite(place)) {
    const x = Math.min(119, Math.max(1, place));
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  }
  field.element.classList.toggle("outside", outside);
}

function clearError(field) {
  field.control.removeAttribute("aria-invalid");
  field.error.hidden = true;
  field.error.textContent = "";
}

function showError(field, message) {
  field.control.setAttribute("aria-invalid", "true");
  field.error.hidden = false;
  field.error.textContent = message;
  field.control.focus();
}

// ---- asking --------------------------------------------------------------------------------------------------------

const form = document.getElementById("form");

if (form) {
  const fields = [...form.querySelectorAll(".field")].map(fieldOf);
  const examples = JSON.parse(form.dataset.examples);
  const path = `/models/${form.dataset.model}/predict`;
  const answer = document.getElementById("answer");
  const answered = document.getElementById("answered");
  const note = document.getElementById("example-note");
  const another = document.getElementById("another");
  const command = document.getElementById("curl");
  const copyCommand = document.querySelector('[data-what="command"]');
  const predict = document.getElementById("predict");
  let shown = 0;

  const body = () =>
    "{" + fields.map((field) => [field.name, jsonOf(field)])
      .filter(([, json]) => json !== undefined)
      .map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(", ") + "}";

  const showCommand = () => {
    const seen = body().replace(STEERING, (found) => "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0"));
    const quoted = seen.replaceAll("'", "'\\''");
    const text = `curl ${location.origin}${path} -H 'content-type: application/json' -d '${quoted}'`;
    command.textContent = text;
    copyCommand.dataset.copy = text;
  };

  const showExample = () => {
    fields.forEach((field, position) => fill(field, examples[shown][position]));
    note.textContent = `Golden row ${shown + 1} of ${examples.length}`;
    showCommand();
  };

  const say = (...children) => answer.replaceChildren(...children);

  const refuse = (document_) => {
    const field = fields.find((candidate) => candidate.name === document_.field);
    const message = typeof document_.error === "string" ? document_.error : "The server refused the request.";
    if (field) {
      showError(field, message);
      say(make("p", "refused", `Mend the field ${field.name}.`));
    } else {
      say(make("p", "refused", message));
    }
  };

  const ask = async () => {
    fields.forEach(clearError);
    predict.setAttribute("aria-busy", "true");
    answered.textContent = "";
    const started = performance.now();
    try {
      const response = await fetch(path, {
        method: "POST", headers: { "content-type": "application/json" }, body: body(),
      });
      const took = performance.now() - started;
      const found = await response.json();
      if (!response.ok) return refuse(found);
      say(...pieces(found));
      answer.scrollIntoView({ block: "nearest" }); // below the form on a phone
      answered.textContent = describe(response.headers.get("lading-bundle-digest"), took);
    } catch {
      say(make("p", "refused", "The server could not be reached. Try again."));
    } finally {
      predict.removeAttribute("aria-busy");
    }
  };

  const describe = (digest, took) => {
    const time = `${took < 10 ? took.toFixed(1) : Math.round(took)} ms there and back`;
    if (digest === null) return time;
    if (digest !== form.dataset.digest) return `${time}, by another bundle than this page shows (${digest}): reload it`;
    return `${time}, by ${digest.slice(0, 19)}…`;
  };

  form.addEventListener("input", () => { note.textContent = ""; showCommand(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  if (another) another.addEventListener("click", () => { shown = (shown + 1) % examples.length; showExample(); });
  if (examples.length) showExample(); else showCommand();
}

// ---- answers -------------------------------------------------------------------------------------------------------

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function pieces(found) {
  const rest = { ...found };
  const made = [];
  for (const key of Object.keys(rest).filter((name) => name.startsWith("label_"))) { // one of several labels
    const target = key.slice("label_".length);
    made.push(make("h3", "value", target), headline(rest[key]));
    for (const meaning of ["probabilities", "scores"]) {
      const named = rest[`${meaning}_${target}`];
      if (named && typeof named === "object") made.push(ranking(named, meaning === "probabilities"));
      delete rest[`${meaning}_${target}`];
    }
    delete rest[key];
  }
  if ("label" in rest) made.push(headline(rest.label));
  if ("value" in rest && (typeof rest.value !== "object" || rest.value === null)) made.push(headline(rest.value));
  else if ("value" in rest) made.push(json(rest.value));
  for (const key of ["probabilities", "scores"]) {
    if (rest[key] && typeof rest[key] === "object") made.push(ranking(rest[key], key === "probabilities"));
    delete rest[key];
  }
  delete rest.label;
  delete rest.value;
  if (Object.keys(rest).length) made.push(json(rest));
  return made;
}

function headline(value) {
  const text = typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(7))) : String(value);
  return make("p", "headline value", value === null ? "not a number" : text);
}

function ranking(named, share) {
  const list = make("ol", "ranking");
  const entries = Object.entries(named).sort(([, left], [, right]) => right - left);
  const most = Math.max(...entries.map(([, value]) => value), 0);
  for (const [name, value] of entries.slice(0, 20)) {
    const row = make("li");
    const bar = make("span", "bar");
    bar.style.setProperty("--length", `${Math.max(0, share ? value : most > 0 ? value / most : 0) * 100}%`);
    row.append(make("span", "bar-text value", name), make("span", "bar-share", share ? percent(value) : precise(value)), bar);
    list.append(row);
  }
  return list;
}

function percent(value) {
  if (value > 0 && value < 0.0001) return "< 0.01 %";
  if (value < 1 && value > 0.9999) return "> 99.99 %";
  return `${(100 * value).toFixed(2)} %`;
}

function precise(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}

function json(value) {
  return make("pre", "", JSON.stringify(value, null, 1));
}

// ---- drift ---------------------------------------------------------------------------------------------------------

// The rest of the page stays as it is until the model changes; this part changes with every request.
async function showDrift(section) {
  const answer = await fetch(section.dataset.source);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("drift");
  if (fresh) section.replaceWith(document.adoptNode(fresh));
}

const drift = document.getElementById("drift");
if (drift && drift.dataset.source) showDrift(drift).catch(() => {}); // the link to it is there
