/* Equations wider than their column scroll; this lets the keyboard reach them. */
(function () {
  "use strict";
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
  function start() {
    window.MathJax?.startup?.promise?.then(mark);
    window.addEventListener("resize", mark);
  }
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start);
})();
