/* Encode, score, fuse; attnlib.explorables.steps draws the start. */
{
  let groups = 0;
  const BAR = 110; // the height of a weight of 1
  const FLOOR = 375;
  const FLOW = 60;

  define("attention-steps", class extends LiveFigure {
    build() {
      const { tokens, query } = this.data;
      const update = () => this.show();
      const group = { name: `attention-steps-${groups++}` };
      this.choices = tokens.map((token, place) => makeChoice(
        "radio", token, update, place === query ? { ...group, checked: "" } : group));
      this.temperature = makeTemperature(update);
      this.likeness = makeSlider(`how alike "${tokens[0]}" and "${tokens.at(-1)}" are`,
        { min: 0, max: 1, step: 0.1 }, 0, (share) => write(share, 1), update);
      this.querySelector("svg").classList.add("ex-ready");
      this.all("word").forEach((word, place) => word.addEventListener("click", () => {
        this.choices[place].input.checked = true;
        this.show();
      }));
      return [
        make("fieldset", {}, make("legend", {}, "query"), ...this.choices.map(({ node }) => node)),
        part("controls", this.temperature.node, this.likeness.node)];
    }

    all(name) {
      return this.querySelectorAll(`svg .ex-${name}`);
    }

    // The last vector turns from its own axis towards the first.
    encode() {
      const share = this.likeness.read();
      const vectors = this.data.tokens.map(
        (_, place, { length }) => Array.from({ length }, (_, axis) => Number(axis === place)));
      vectors.at(-1)[0] = share;
      vectors.at(-1)[vectors.length - 1] = Math.sqrt(1 - share ** 2);
      return vectors;
    }

    show() {
      const { tokens } = this.data;
      const query = this.choices.findIndex(({ input }) => input.checked);
      const vectors = this.encode();
      const scores = vectors.map(
        (key) => fuse(key, vectors[query]) / Math.sqrt(tokens.length));
      const weights = softmax(scores.map((score) => score / this.temperature.read()));
      const context = tokens.map((_, axis) => fuse(weights, vectors.map((v) => v[axis])));
      this.drawVectors(vectors, query);
      this.drawWeights(scores, weights);
      this.all("sum-number").forEach((node, axis) => {
        node.textContent = write(context[axis], 4);
        this.all("part")[axis].style.setProperty("--share", context[axis]);
      });
      this.querySelector("tspan").textContent = tokens[query];
      this.status.replaceChildren(...quote(tokens[query]), " attends most to ",
        ...nameStrongest(weights, tokens));
    }

    drawVectors(vectors, query) {
      const numbers = this.all("number");
      this.all("bit").forEach((bit, place) => {
        const value = vectors.flat()[place];
        bit.style.setProperty("--share", value);
        numbers[place].textContent = Number.isInteger(value)
          ? value : write(value, 1).slice(1);
        numbers[place].classList.toggle("ex-one", value > 0.7);
      });
      const names = this.all("name");
      const at = names[query].getAttribute("x");
      names.forEach((name, place) => {
        name.classList.toggle("ex-chosen", place === query);
        const x = name.getAttribute("x");
        this.all("asks")[place].setAttribute("d", `M${at} 108C${at} 160 ${x} 130 ${x} 182`);
      });
      this.all("ring")[0].setAttribute("x", at - 53);
    }

    drawWeights(scores, weights) {
      const [columns, heights, flows] = ["column", "height", "flow"].map((name) => this.all(name));
      this.all("score").forEach((node, key) => {
        const height = BAR * weights[key];
        node.textContent = write(scores[key]);
        columns[key].setAttribute("height", height);
        columns[key].setAttribute("y", FLOOR - height);
        heights[key].setAttribute("y", FLOOR - height - 7);
        heights[key].textContent = write(weights[key], 4);
        flows[key].setAttribute("stroke-width", FLOW * weights[key]);
      });
    }
  });
}
