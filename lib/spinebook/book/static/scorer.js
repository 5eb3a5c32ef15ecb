/* Ranks what the site's search finds; Sphinx puts this into its search page. A claim asked for by its
 * id comes first, then functions and figures whose name fits, then pages. */
var Scorer = {
  score: ([, title, , , score]) => {
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const asked = query.trim().toLowerCase();
    return asked && title.toLowerCase().startsWith(`${asked}:`) ? score + 100 : score;
  },
  objNameMatch: 30,
  objPartialMatch: 12,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 20,
  partialTitle: 9,
  term: 5,
  partialTerm: 2,
};
