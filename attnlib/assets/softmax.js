/* Scores become weights; attnlib.explorables.softmax writes the data. */
define("attention-softmax", class extends LiveFigure {
  build() {
    const { labels } = this.data;
    const update = () => this.show();
    this.temperature = makeTemperature(update);
    this.depth = makeSlider("depth of the vectors", { min: 0, max: 5, step: 1 }, 0,
      (power) => `${4 ** power}`, update);
    this.divide = makeChoice("checkbox", "divide by √depth", update);
    this.rows = labels.map((label) => {
      const [score, weight] = [cell("cell", "ex-score"), cell("cell", "ex-weight")];
      const bar = make("span", { class: "ex-bar", "aria-hidden": "true" });
      return { score, weight, bar, node: row(
        cell("rowheader", "ex-token", make("bdi", {}, label)), score, bar, weight) };
    });
    this.figures = ["largest weight", "keys that count", "steepest gradient"].map(
      (name) => ({ name, number: make("strong", {}), note: make("span", {}) }));
    this.status.className = "ex-figures";
    this.status.append(...this.figures.map(({ name, number, note }) => make(
      "span", {}, make("span", {}, name), " ", number, " ", note)));
    const head = row(cell("columnheader", "", "key"),
      cell("columnheader", "ex-score", "scaled score"), cell("columnheader", "", "weight"));
    return [part("controls", this.temperature.node, this.depth.node, this.divide.node),
      makeTable("bars", "scores and weights", head, ...this.rows.map(({ node }) => node))];
  }

  show() {
    const { labels, scores } = this.data;
    const growth = this.divide.input.checked ? 1 : Math.sqrt(this.depth.read());
    const scaled = scores.map((score) => (score * growth) / this.temperature.read());
    const weights = softmax(scaled);
    this.rows.forEach(({ score, weight, bar }, key) => {
      score.textContent = write(scaled[key]);
      weight.textContent = write(weights[key], 3);
      bar.style.setProperty("--share", weights[key]);
    });

    const entropy = weights.reduce((sum, w) => sum - (w && w * Math.log(w)), 0);
    const gradient = Math.max(...weights.map((weight) => weight * (1 - weight)));
    const strongest = sortKeys(weights)[0];
    [
      [write(weights[strongest], 3), `on "${labels[strongest]}"`],
      [write(Math.exp(entropy)), `of ${labels.length}`],
      [gradient && gradient < 1e-4 ? "< 0.0001" : write(gradient, 4), "of 0.25 at most"],
    ].forEach(([number, note], place) => {
      this.figures[place].number.textContent = number;
      this.figures[place].note.textContent = note;
    });
  }
});
