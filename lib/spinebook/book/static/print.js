/* Paper is white: a page printed from the dark theme takes the light one for as long as that lasts. */
(function () {
  "use strict";
  const page = document.documentElement;
  let theme = null;
  window.addEventListener("beforeprint", () => {
    theme = page.dataset.theme;
    page.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    if (theme) page.dataset.theme = theme;
  });
})();
