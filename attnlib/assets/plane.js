/* A query moves among its keys; attnlib.explorables.plane draws the start. */
{
  let groups = 0;

  define("attention-plane", class extends LiveFigure {
    build() {
      const { query, limit, step, digits } = this.data;
      this.query = query;
      for (const name of ["line", "disc", "bead", "label", "weight"]) {
        this[`${name}s`] = [...this.querySelectorAll(`.ex-${name}`)];
      }
      const update = () => this.show();
      const group = { name: `attention-plane-${groups++}` };
      const dot = makeChoice("radio", "dot product", update, { ...group, checked: "" });
      const distance = makeChoice("radio", "distance", update, group);
      this.distance = distance.input;
      this.temperature = makeTemperature(update);
      this.sliders = ["x", "y"].map((name, axis) => makeSlider(
        `query ${name}`, { min: -limit, max: limit, step: step * 5 }, query[axis],
        (place) => write(place, digits[0]),
        (place) => this.move(this.query.with(axis, place))));
      this.listen();
      return [make("fieldset", {}, make("legend", {}, "score"), dot.node, distance.node),
        part("controls", this.temperature.node, ...this.sliders.map(({ node }) => node))];
    }

    listen() {
      const { step, limit } = this.data;
      const [drawing, handle] = ["svg", ".ex-handle"].map((name) => this.querySelector(name));
      this.handle = handle;
      drawing.setAttribute("role", "group");
      handle.setAttribute("tabindex", 0);
      const follow = ({ clientX, clientY }) => {
        const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(
          drawing.getScreenCTM().inverse());
        this.move([x, -y].map((n) => Math.round((n * limit) / 200 / step) * step));
      };
      drawing.addEventListener("click", (event) => {
        follow(event);
        handle.focus({ preventScroll: true });
      });
      handle.addEventListener("pointerdown", ({ pointerId }) => {
        handle.setPointerCapture(pointerId);
      });
      handle.addEventListener("pointermove", (event) => {
        if (handle.hasPointerCapture(event.pointerId)) follow(event);
      });
      handle.addEventListener("keydown", (event) => {
        const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
          ArrowDown: [0, -1] }[event.key];
        if (!direction) return;
        event.preventDefault();
        const size = step * (event.shiftKey ? 25 : 5);
        this.move(this.query.map((place, axis) => place + size * direction[axis]));
      });
    }

    move(query) {
      const { limit } = this.data;
      this.query = query.map((place) => Math.max(-limit, Math.min(limit, place)));
      this.sliders.forEach((slider, axis) => slider.show(this.query[axis]));
      this.show();
    }

    show() {
      const { keys, values, labels, digits } = this.data;
      const [x, y] = this.query;
      const weights = softmax(keys.map(([a, b]) => (this.distance.checked
        ? -((a - x) ** 2 + (b - y) ** 2) / 2 : a * x + b * y) / this.temperature.read()));
      this.draw(weights);

      const point = (place) => `(${place.map((n) => write(n, digits[0])).join(", ")})`;
      this.handle.setAttribute("aria-valuenow", x);
      this.handle.setAttribute("aria-valuetext", point(this.query));
      const context = values ? write(fuse(weights, values), digits[1])
        : point(this.fuseKeys(weights));
      this.status.replaceChildren("The query attends most to ",
        ...nameStrongest(weights, labels), ". Context: ", make("strong", {}, context));
    }

    fuseKeys(weights) {
      return [0, 1].map((axis) => fuse(weights, this.data.keys.map((key) => key[axis])));
    }

    draw(weights) {
      const { limit, shares } = this.data;
      const set = (node, values) => Object.entries(values).forEach(
        ([name, value]) => node.setAttribute(name, value));
      const at = ([x, y]) => [(x * 200) / limit, (-y * 200) / limit];
      const shift = (node, place) => set(node, { transform: `translate(${place})` });
      const [x1, y1] = at(this.query);
      const strongest = sortKeys(weights).slice(0, 3);
      weights.forEach((weight, key) => {
        const radius = Math.sqrt(weight);
        set(this.lines[key], { x1, y1, opacity: weight });
        set(this.discs[key], { r: 28 * radius });
        if (shares) set(this.beads[key], { r: 3 + 14 * radius });
        this.weights[key].textContent = write(weight);
        this.labels[key].classList.toggle("ex-named", strongest.includes(key));
      });
      shift(this.handle, [x1, y1]);
      shift(this.querySelector(".ex-context"), shares
        ? [(2 * fuse(weights, shares) - 1) * 170, 246] : at(this.fuseKeys(weights)));
    }
  });
}
