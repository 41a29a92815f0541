/* What the theme leaves undone for readers without a mouse. */

// Boxes that scroll sideways are stops of the Tab key, and only those: the arrow keys
// move what has the focus. The theme does the same for code.
const stop = { tabindex: 0, role: "group", "aria-label": "wider than the page" };
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth;
    for (const [name, value] of Object.entries(stop)) {
      if (scrolls) target.setAttribute(name, value);
      else target.removeAttribute(name);
    }
  }
});
const boxes = ".diagram-box, div.math, .cell_output, .pst-scrollable-table-container";
document.querySelectorAll(boxes).forEach((box) => observer.observe(box));

// The search dialog is a landmark, and gives the focus back to where it was.
const field = document.querySelector(".search-button__search-container input");
field?.form.setAttribute("role", "search");
let before;
field?.addEventListener("focus", ({ relatedTarget }) => { before = relatedTarget; });
field?.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") before?.focus();
});
