/* Brings attention maps to life; attnlib.viz.explore writes the data beside it. */
{
  const NUMBERED = 5; // keys that show their number
  let groups = 0;

  const mean = (heads) => heads[0].map((row, query) => row.map(
    (_, key) => heads.reduce((sum, head) => sum + head[query][key], 0) / heads.length));

  // Native radio buttons bring focus, arrow keys and touch.
  const makeChoices = (name, texts, chosen, onChoose) => {
    const radios = { type: "radio", name: `attention-map-${groups++}` };
    const choices = texts.map((text, index) => {
      const radio = make("input", { ...radios, "aria-label": text });
      radio.checked = index === chosen;
      radio.addEventListener("change", () => onChoose(index));
      return make("label", { class: "am-cell" },
        make("span", { class: "am-token" }, text), radio);
    });
    return make("div", { class: `am-row am-${name}`, role: "radiogroup",
      "aria-label": name, dir: "auto" }, ...choices);
  };

  // Above the token of a key its number and its bar, below it a note.
  const addBar = (cell) => {
    const part = (name) => make("span", { class: `am-${name}`, "aria-hidden": "true" });
    const [number, bar, note] = ["number", "bar", "note"].map(part);
    cell.classList.add("am-key");
    cell.prepend(number, bar);
    cell.append(note);
    return { cell, number, note };
  };

  define("attention-map", class extends LiveFigure {
    build() {
      const { queries, keys, weights } = this.data;
      this.heads = weights.length > 1 ? [mean(weights), ...weights] : weights;
      this.head = 0;
      this.query = queries.length >> 1;

      const label = (...texts) => make("div", { class: "am-label" }, ...texts);
      this.scale = make("span", {});
      const choices = makeChoices("query", queries, this.query, (query) => {
        this.query = query;
        this.show(query);
      });
      this.choices = [...choices.children];
      this.choices.forEach((choice, query) => {
        choice.addEventListener("pointerenter", () => this.show(query));
      });
      choices.addEventListener("pointerleave", () => this.show());
      const parts = keys
        ? [label("Choose a query"), choices, label("Keys; ", this.scale),
          make("div", { class: "am-row", dir: "auto" }, ...keys.map((key) => make(
            "span", { class: "am-cell" }, make("span", { class: "am-token" }, key))))]
        : [label("Choose a query; ", this.scale), choices];
      this.keys = [...parts.at(-1).children].map(addBar);
      if (weights.length > 1) {
        const names = ["mean", ...weights.map((_, head) => `${head + 1}`)];
        parts.unshift(label("Head"), makeChoices("head", names, 0, (head) => {
          this.head = head;
          this.show();
        }));
      }
      return parts;
    }

    show(query = this.query) {
      const { queries, keys } = this.data;
      const row = this.heads[this.head][query];
      const order = sortKeys(row);
      const most = row[order[0]];
      const least = Math.max(row[order[NUMBERED - 1]] ?? 0, most / 20);
      this.scale.textContent = `a full bar is a weight of ${writeWeight(most)}`;
      this.choices.forEach((choice, index) => {
        choice.classList.toggle("am-shown", index === query);
      });
      this.keys.forEach(({ cell, number, note }, key) => {
        cell.style.setProperty("--share", most && row[key] / most);
        number.textContent = most && row[key] >= least ? writeWeight(row[key]) : "";
        note.textContent = !keys && key === query ? "query" : "";
      });

      this.status.replaceChildren("query ", ...quote(queries[query]),
        ": attends most to ", ...nameStrongest(row, keys ?? queries));
    }
  });
}
