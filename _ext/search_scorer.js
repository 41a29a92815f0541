/* Search results in Sphinx's order, but a heading that holds the whole query, such as the
   name of an exercise, comes before pages that only use its words. */
var Scorer = {
  score: ([docname, title, anchor, descr, score]) => (anchor ? score + 20 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
