/* Filters and order of the claims page. The address keeps them (#chapter=…&verdict=…&sort=id), so
 * that a selection can be passed on; without this script all rows stay visible. */
(function () {
  "use strict";
  const CHOICES = ["chapter", "kind", "verdict", "profile"];
  const FIELDS = [...CHOICES, "text", "sort", "reverse"];
  const ARROWS = '<svg class="sb-icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M5 13V3M2.5 5.5L5 3l2.5 2.5M11 3v10m-2.5-2.5L11 13l2.5-2.5"/></svg>';

  function start() {
    const form = document.querySelector(".sb-filters");
    const table = document.querySelector(".sb-ledger");
    if (!form || !table) return;
    const rows = Array.from(table.querySelectorAll(".sb-row")); // in the order of the page
    const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const names = new Map(rows.map((row) => [row, row.querySelector(".sb-id").textContent]));
    const natural = new Intl.Collator("en", { numeric: true });
    const count = form.querySelector(".sb-count");
    const field = (name) => form.elements[name];
    const heads = [[0, "id"], [3, "verdict"]].map(([column, order]) => headed(column, order));
    let order = null;
    form.hidden = false;

    function value(name) {
      const element = field(name);
      return element.type === "checkbox" ? (element.checked ? element.value : "") : element.value.trim();
    }
    function put(name, text) {
      const element = field(name);
      if (element.type === "checkbox") element.checked = Boolean(text);
      else element.value = text;
    }
    function headed(column, name) {
      const head = table.querySelectorAll("thead th")[column];
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sb-sort";
      button.innerHTML = ARROWS;
      button.setAttribute("aria-label", `Sort by ${name}`);
      button.addEventListener("click", () => {
        const again = value("sort") === name;
        put("reverse", again && !value("reverse") ? "1" : "");
        put("sort", name);
        apply();
        remember();
      });
      head.append(" ", button);
      return [head, name];
    }
    function compare(name) {
      if (name === "id") return (a, b) => natural.compare(names.get(a), names.get(b));
      const choice = { paper: "chapter" }[name] || name;
      const places = new Map(Array.from(field(choice).options, (option, place) => [option.value, place]));
      return (a, b) => places.get(a.dataset[choice]) - places.get(b.dataset[choice]);
    }
    function sort() {
      const [name, reversed] = [value("sort"), value("reverse")];
      if (order === name + reversed || (order === null && !name && !reversed)) return;
      order = name + reversed;
      const sorted = name ? rows.slice().sort(compare(name)) : rows.slice();
      if (reversed) sorted.reverse();
      table.tBodies[0].append(...sorted);
      heads.forEach(([head, own]) => {
        if (own === name) head.setAttribute("aria-sort", reversed ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
    }
    function apply() {
      const wanted = CHOICES.map(value);
      const terms = value("text").toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row) => {
        const fits = CHOICES.every((name, i) => !wanted[i] || row.dataset[name] === wanted[i]);
        row.hidden = !(fits && terms.every((term) => words.get(row).includes(term)));
        shown += row.hidden ? 0 : 1;
      });
      sort();
      count.textContent = shown === rows.length ? `All ${rows.length} rows` : `${shown} of ${rows.length} rows`;
    }
    function remember() {
      const query = new URLSearchParams();
      FIELDS.forEach((name) => value(name) && query.set(name, value(name)));
      const text = query.toString();
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    }
    function recall() {
      const hash = decodeURIComponent(location.hash.slice(1));
      const toRow = hash.startsWith("claim-"); // a link to one row: nothing may hide it
      const query = new URLSearchParams(toRow ? "" : location.hash.slice(1));
      FIELDS.forEach((name) => put(name, query.get(name) || ""));
      apply();
      if (toRow) document.getElementById(hash)?.scrollIntoView();
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
