/* Filters of the claims page. The address keeps them (#chapter=…&verdict=…), so that a selection
 * can be passed on; without this script all rows stay visible. */
(function () {
  "use strict";
  const FIELDS = ["chapter", "kind", "verdict", "text"];

  function start() {
    const form = document.querySelector(".sb-filters");
    const table = document.querySelector(".sb-ledger");
    if (!form || !table) return;
    const rows = Array.from(table.querySelectorAll(".sb-row"));
    const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const count = form.querySelector(".sb-count");
    form.hidden = false;

    function apply() {
      const wanted = FIELDS.map((name) => form.elements[name].value.trim());
      const terms = wanted[3].toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row) => {
        const fits = ["chapter", "kind", "verdict"].every((name, i) => !wanted[i] || row.dataset[name] === wanted[i]);
        row.hidden = !(fits && terms.every((term) => words.get(row).includes(term)));
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = shown === rows.length ? `All ${rows.length} rows` : `${shown} of ${rows.length} rows`;
    }
    function remember() {
      const query = new URLSearchParams();
      FIELDS.forEach((name) => form.elements[name].value && query.set(name, form.elements[name].value));
      const text = query.toString();
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    }
    function recall() {
      const hash = decodeURIComponent(location.hash.slice(1));
      if (hash.startsWith("claim-")) { // a link to one row: nothing may hide it
        form.reset();
        apply();
        document.getElementById(hash)?.scrollIntoView();
        return;
      }
      const query = new URLSearchParams(location.hash.slice(1));
      FIELDS.forEach((name) => { form.elements[name].value = query.get(name) || ""; });
      apply();
    }
    form.addEventListener("input", () => { apply(); remember(); });
    form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", recall);
    recall();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
