/* What masks take away; attnlib.explorables.masks writes the data. */
{
  let groups = 0;

  const makeGrid = (name, tokens) => {
    const note = make("span", {});
    const named = (role, token) => cell(role, "ex-token", make("bdi", {}, token));
    const rows = tokens.map((query) => {
      const cells = tokens.map(() => cell("cell", "ex-cell"));
      return { cells, node: row(named("rowheader", query), ...cells) };
    });
    const look = `${tokens.length > 8 ? " ex-dense" : ""}${
      tokens.some(({ length }) => length > 3) ? " ex-upright" : ""}`;
    const table = makeTable(`grid${look}`, name.toLowerCase(),
      row(cell("columnheader", "ex-corner", "key →\nquery ↓"),
        ...tokens.map((key) => named("columnheader", key))),
      ...rows.map(({ node }) => node));
    table.style.setProperty("--keys", tokens.length);
    const heading = make("p", {}, make("b", {}, name), " ", note);
    return { node: part(`panel ex-${name.toLowerCase()}`, heading, table), note, rows };
  };

  define("attention-masks", class extends LiveFigure {
    build() {
      const { tokens, real } = this.data;
      const update = () => this.show();
      this.causal = makeChoice("checkbox", "causal", update);
      this.padding = makeChoice("checkbox", "padding", update);
      this.local = makeChoice("checkbox", "local window", update);
      this.reach = make("input", { type: "number", min: 0, max: tokens.length - 1,
        value: 1, "aria-label": "keys on each side" });
      this.reach.addEventListener("input", update);
      this.grids = ["Scores", "Weights"].map((name) => makeGrid(name, tokens));
      this.query = tokens.length >> 1;
      this.radios = this.addRadios();
      const panels = part("panels", ...this.grids.map(({ node }) => node));
      const room = tokens.length > 8 ? 17 : 7 + 2.4 * tokens.length;
      panels.style.setProperty("--room", `${room}rem`);
      panels.addEventListener("pointerleave", update);
      return [part("controls", this.causal.node, ...(real ? [this.padding.node] : []),
        make("span", { class: "ex-choice" }, this.local.node, this.reach)), panels];
    }

    // A query is chosen by a radio button over its name, or anywhere in its rows.
    addRadios() {
      const name = `attention-masks-${groups++}`;
      return this.data.tokens.map((token, query) => {
        const radio = make("input", { type: "radio", name, "aria-label": `query ${token}` });
        const choose = () => {
          this.query = query;
          radio.checked = true;
          this.show();
        };
        radio.checked = query === this.query;
        radio.addEventListener("change", choose);
        const rows = this.grids.map(({ rows }) => rows[query].node);
        rows[0].firstChild.append(radio);
        for (const row of rows) {
          row.addEventListener("click", choose);
          row.addEventListener("pointerenter", () => this.show(query));
        }
        return radio;
      });
    }

    allows(query, key) {
      const { real } = this.data;
      return !(this.causal.input.checked && key > query)
        && !(this.padding.input.checked && !real[key])
        && !(this.local.input.checked
          && Math.abs(query - key) > Math.max(0, this.reach.value));
    }

    show(shown = this.query) {
      const { tokens, scores } = this.data;
      const kept = scores.map((row, query) => row.map(
        (score, key) => (this.allows(query, key) ? score : -Infinity)));
      const weights = kept.map(softmax);
      this.reach.disabled = !this.local.input.checked;
      this.draw(kept, weights);
      for (const { rows } of this.grids) {
        rows.forEach(({ node }, query) => node.classList.toggle("ex-shown", query === shown));
      }
      const count = kept[shown].filter(isFinite).length;
      this.status.replaceChildren("query ", ...quote(tokens[shown]), ...(count
        ? [` may attend to ${count} of ${tokens.length} keys; it attends most to `,
          ...nameStrongest(weights[shown], tokens)]
        : [" may attend to nothing: its weights are all 0"]));
    }

    draw(kept, weights) {
      const all = this.data.scores.flat();
      const [least, most] = [Math.min(...all), Math.max(...all)];
      const size = Math.max(most, -least);
      const digits = size >= 99.5 ? 0 : size >= 9.5 || kept.length > 5 ? 1 : 2;
      const fill = (node, text, share) => {
        node.textContent = text;
        node.style.setProperty("--share", share);
      };
      const [before, after] = this.grids;
      kept.forEach((row, query) => row.forEach((score, key) => {
        const [node, gone] = [before.rows[query].cells[key], score === -Infinity];
        node.classList.toggle("ex-masked", gone);
        fill(node, gone ? "−∞" : write(score, digits), (score - least) / (most - least) || 0);
        const weight = weights[query][key];
        fill(after.rows[query].cells[key], weight ? write(weight) : "0", weight);
      }));
      const masked = kept.flat().filter((score) => score === -Infinity).length;
      const empty = weights.some((row) => !row.some(Boolean));
      before.note.textContent = masked ? `${masked} of ${all.length} masked` : "";
      after.note.textContent = `rows sum to 1${empty ? ", empty ones to 0" : ""}`;
    }
  });
}
