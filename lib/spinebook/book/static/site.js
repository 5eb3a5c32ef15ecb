/* Equations and drawings wider than their column scroll; this lets the keyboard reach them. */
(function () {
  "use strict";
  // Opened from a folder, a page may not read its neighbours, which the summaries of found pages need.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }
  function width(equation) {
    let block = equation.parentElement;
    while (block && getComputedStyle(block).display === "inline") block = block.parentElement;
    return block ? block.clientWidth : Infinity;
  }
  function mark() {
    document.querySelectorAll("mjx-container").forEach((equation) => {
      equation.classList.remove("sb-wide-equation");
      equation.removeAttribute("tabindex");
      const shown = equation.hasAttribute("display");
      const room = shown ? equation.clientWidth : width(equation);
      const needed = shown ? equation.scrollWidth : equation.getBoundingClientRect().width;
      if (needed > room + 1) {
        equation.classList.add("sb-wide-equation");
        equation.setAttribute("tabindex", "0");
      }
    });
  }
  function markDrawings() {
    document.querySelectorAll(".sb-drawing").forEach((drawing) => {
      const wide = drawing.scrollWidth > drawing.clientWidth + 1;
      const title = drawing.parentElement.querySelector("figcaption b")?.textContent ?? "";
      const marks = { tabindex: "0", role: "group", "aria-label": `${title} Scrolls sideways.` };
      Object.entries(marks).forEach(([name, value]) => (wide ? drawing.setAttribute(name, value) : drawing.removeAttribute(name)));
    });
  }
  function start() {
    markDrawings();
    window.addEventListener("resize", markDrawings);
    window.MathJax?.startup?.promise?.then(mark);
    window.addEventListener("resize", mark);
  }
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start);
})();
