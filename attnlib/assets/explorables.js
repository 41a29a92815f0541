/* What explorables share: the softmax, and controls that a keyboard reaches. */
const softmax = (scores) => {
  const peak = Math.max(...scores);
  const powers = scores.map((score) => (score === -Infinity ? 0 : Math.exp(score - peak)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => (total ? power / total : 0));
};
const fuse = (weights, values) => weights.reduce(
  (sum, weight, key) => sum + weight * values[key], 0);

// As Python writes numbers in the tables: with a true minus sign, and no minus zero.
const write = (number, digits = 2) => {
  const text = number.toFixed(digits);
  return text.replace("-", Number(text) ? "−" : "");
};

// A slider under its name and value. `write` puts a position into words.
const makeSlider = (name, range, position, write, onMove) => {
  const input = make("input", { type: "range", ...range, "aria-label": name });
  const value = make("span", { class: "ex-value" });
  const show = (position) => {
    input.value = position;
    value.textContent = write(position);
    input.setAttribute("aria-valuetext", value.textContent);
  };
  input.addEventListener("input", () => {
    show(Number(input.value));
    onMove(Number(input.value));
  });
  show(position);
  const node = make("label", { class: "ex-slider" }, make("span", {}, name), value, input);
  return { node, show, read: () => Number(value.textContent) };
};

const makeTemperature = (onMove) => makeSlider("temperature",
  { min: -1, max: 1, step: 0.05 }, 0, (power) => (10 ** power).toPrecision(2), onMove);

const makeChoice = (type, name, onChange, attributes = {}) => {
  const input = make("input", { type, ...attributes });
  input.addEventListener("change", onChange);
  return { input, node: make("label", { class: "ex-choice" }, input, name) };
};

const part = (name, ...children) => make("div", { class: `ex-${name}` }, ...children);
const cell = (role, name = "", ...children) => make(
  "span", { role, class: name }, ...children);
const row = (...cells) => make("div", { role: "row", class: "ex-row" }, ...cells);
const makeTable = (name, label, ...rows) => {
  const table = part(name, ...rows);
  table.setAttribute("role", "table");
  table.setAttribute("aria-label", label);
  return table;
};
