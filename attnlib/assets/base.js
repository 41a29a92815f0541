/* What attention maps and explorables share. */
const make = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

// As Python writes weights in the tables.
const writeWeight = (weight) => weight.toFixed(weight > 0 && weight < 0.01 ? 4 : 2);
const sortKeys = (weights) => [...weights.keys()].sort((a, b) => weights[b] - weights[a]);
const quote = (token) => ['"', make("bdi", {}, token), '"'];
const nameStrongest = (weights, keys) => {
  const named = sortKeys(weights).slice(0, 3).filter((key) => weights[key] > 0);
  return named.length ? named.flatMap((key, place) => [
    place ? ", " : "", ...quote(keys[key]), ` ${writeWeight(weights[key])}`]) : ["nothing"];
};

class LiveFigure extends HTMLElement {
  connectedCallback() {
    this.start();
  }

  // Builds once, as soon as the data are there: the parser adds them last.
  start() {
    const source = this.querySelector("script[type='application/json']");
    if (!source || this.data) return;
    this.data = JSON.parse(source.textContent);
    this.status = make("p", { class: "am-status", role: "status" });
    this.querySelector(".am-view").replaceChildren(...this.build(), this.status);
    // JupyterLab would take the arrow keys for itself.
    for (const node of this.querySelectorAll("input, [tabindex]")) {
      node.setAttribute("data-lm-suppress-shortcuts", "");
    }
    this.querySelector(".am").classList.add("am-ready");
    this.show();
  }
}

const define = (name, figure) => {
  if (!customElements.get(name)) customElements.define(name, figure);
  for (const element of document.querySelectorAll(name)) element.start();
};
