/* Filters of the gallery; without this script all figures stay visible. */
(function () {
  "use strict";
  function start() {
    const form = document.querySelector("form[data-gallery]");
    if (!form) return;
    const items = Array.from(document.querySelectorAll(".sb-gallery > li[data-chapter]"));
    const words = new Map(items.map((item) => [item, `${item.textContent} ${item.dataset.words}`.toLowerCase()]));
    const count = form.querySelector(".sb-count");
    form.hidden = false;

    function apply() {
      const terms = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      items.forEach((item) => {
        const fits = ["chapter", "form"].every((name) => [item.dataset[name], ""].includes(form.elements[name].value));
        item.hidden = !(fits && terms.every((term) => words.get(item).includes(term)));
      });
      document.querySelectorAll("section:has(> .sb-gallery)").forEach((section) => {
        section.hidden = !section.querySelector(".sb-gallery > li:not([hidden])");
      });
      const shown = items.filter((item) => !item.hidden).length;
      count.textContent = shown === items.length ? `All ${items.length} figures` : `${shown} of ${items.length} figures`;
    }
    form.addEventListener("input", apply);
    form.addEventListener("reset", () => setTimeout(apply));
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
