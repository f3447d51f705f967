"use strict";
(() => {
  const found = [...document.querySelectorAll("[data-found]")], field = document.getElementById("q");
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const each of found) {
      const text = each.textContent.toLowerCase(), fits = words.every(word => text.includes(word));
      each.hidden = !fits;
      count += fits;
    }
    document.getElementById("count").textContent = words.length ? count + " of " + found.length : "";
    history.replaceState(null, "", "#" + encodeURIComponent(field.value));
  };
  document.getElementById("tools").hidden = false;
  const read = () => {
    try { field.value = decodeURIComponent(location.hash.slice(1)); } catch { field.value = ""; }
  };
  read();
  if (field.value) show();
  field.addEventListener("input", show);
  addEventListener("hashchange", () => { read(); show(); });
})();
