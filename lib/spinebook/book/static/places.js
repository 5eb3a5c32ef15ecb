/* Places on a page: a row of the ledger offers its address to copy, and code that a link leads to
 * unfolds. Without this script a row's id is a link to it, and the reader unfolds the code. */
(function () {
  "use strict";
  const LINK = '<svg class="sb-icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M6.5 9.5l3-3M7 4.5l1.3-1.3a2.6 2.6 0 0 1 3.7 0l.8.8a2.6 2.6 0 0 1 0 3.7L11.5 9M9 11.5l-1.3 1.3a2.6 2.6 0 0 1-3.7 0l-.8-.8a2.6 2.6 0 0 1 0-3.7L4.5 7"/></svg>';

  function offer(row) {
    const button = document.createElement("button");
    const name = row.querySelector(".sb-id").textContent;
    button.type = "button";
    button.className = "sb-copy";
    button.innerHTML = LINK;
    button.setAttribute("aria-label", `Copy the link to ${name}`);
    button.title = "Copy link";
    row.querySelector(".sb-id").after(button);
  }
  async function copy(button) {
    const row = button.closest(".sb-row");
    await navigator.clipboard.writeText(new URL(`#${row.id}`, location.href).href);
    said.textContent = "";
    button.dataset.said = "copied";
    said.textContent = `Link to ${row.querySelector(".sb-id").textContent} copied`;
    setTimeout(() => delete button.dataset.said, 2000);
  }
  function unfold() {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place?.matches(".cell")) return;
    place.querySelectorAll("details").forEach((fold) => { fold.open = true; });
    place.scrollIntoView();
  }
  const said = document.createElement("output");
  function start() {
    const rows = document.querySelectorAll(".sb-ledger .sb-row");
    if (rows.length && navigator.clipboard) { // only where the browser lets a page copy
      said.className = "sb-hidden";
      document.querySelector(".sb-ledger-box").before(said);
      rows.forEach(offer);
      document.addEventListener("click", (event) => {
        const button = event.target.closest(".sb-copy");
        if (button) copy(button);
      });
    }
    window.addEventListener("hashchange", unfold);
    unfold();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
