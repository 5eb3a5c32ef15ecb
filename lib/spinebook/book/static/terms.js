/* Definitions of terms, shown while the pointer or the focus is on a term; without this script the
 * term is a link to the glossary. The definition can be hovered and is dismissed by Escape. */
(function () {
  "use strict";
  const HIDE_AFTER_MS = 250;
  let box = null;
  let owner = null;
  let waiting = 0;

  function hide() {
    clearTimeout(waiting);
    owner?.removeAttribute("aria-describedby");
    owner = null;
    box.hidden = true;
  }
  function hideSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(hide, HIDE_AFTER_MS);
  }
  function show(term) {
    clearTimeout(waiting);
    if (owner !== term) hide();
    owner = term;
    box.textContent = term.dataset.definition;
    box.hidden = false;
    term.setAttribute("aria-describedby", box.id);
    const place = term.getBoundingClientRect();
    const room = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(place.left, room - box.offsetWidth - 8));
    const below = place.bottom + box.offsetHeight + 8 < window.innerHeight;
    box.style.left = `${left + window.scrollX}px`;
    box.style.top = `${window.scrollY + (below ? place.bottom + 4 : place.top - box.offsetHeight - 4)}px`;
  }
  function start() {
    const terms = document.querySelectorAll(".sb-term");
    if (!terms.length) return;
    box = Object.assign(document.createElement("div"), { id: "sb-definition", className: "sb-definition", hidden: true });
    box.setAttribute("role", "tooltip");
    document.body.append(box);
    terms.forEach((term) => {
      term.addEventListener("mouseenter", () => show(term));
      term.addEventListener("focus", () => show(term));
      term.addEventListener("mouseleave", hideSoon);
      term.addEventListener("blur", hideSoon);
    });
    box.addEventListener("mouseenter", () => clearTimeout(waiting));
    box.addEventListener("mouseleave", hideSoon);
    document.addEventListener("keydown", (event) => event.key === "Escape" && !box.hidden && hide());
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
