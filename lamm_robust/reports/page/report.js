"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = id => document.getElementById(id);
  const said = text => { byId("said").textContent = text; };
  const linkTo = id => all(".boxes a").find(link => link.getAttribute("href") === "#" + id);
  let opener = null;

  // state: #place?q=words&sort=column&down=1
  const read = () => {
    const [place, rest = ""] = location.hash.slice(1).split("?");
    const state = new URLSearchParams(rest);
    return { place, q: state.get("q") || "", sort: state.get("sort") || "", down: state.get("down") === "1" };
  };
  const write = state => {
    const rest = new URLSearchParams();
    if (state.q) rest.set("q", state.q);
    if (state.sort) rest.set("sort", state.sort);
    if (state.down) rest.set("down", "1");
    return "#" + state.place + (rest.size ? "?" + rest : "");
  };
  const change = changes => {
    history.replaceState(null, "", write({ ...read(), ...changes }));
    show(false);
  };

  const filter = q => {
    const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = element => wanted.every(word => element.dataset.solver.toLowerCase().includes(word));
    const rows = all("tr[data-solver]");
    rows.forEach(row => row.classList.toggle("out", !fits(row)));
    all(".line").forEach(line => line.classList.toggle("hit", wanted.length > 0 && fits(line)));
    const ranked = rows.filter(row => row.closest(".ranking"));
    byId("count").textContent = wanted.length ? ranked.filter(fits).length + " of " + ranked.length : "";
  };

  const value = (row, column) => {
    const number = parseFloat(row.cells[column].dataset.v);
    return Number.isNaN(number) ? (row.cells[column].dataset.v.startsWith("-inf") ? -Infinity : row.cells[column].dataset.v === "inf" ? 1e308 : null) : number;
  };
  const sort = (key, down) => all("table.ranking").forEach(table => {
    const heads = all("thead th", table);
    const column = Math.max(0, heads.findIndex(head => head.dataset.key === key));
    heads.forEach((head, index) => head.setAttribute("aria-sort", key && index === column ? (down ? "descending" : "ascending") : "none"));
    const rows = all("tbody tr", table).map(row => [value(row, column), value(row, 0), row]);
    rows.sort((a, b) => {
      if ((a[0] === null) !== (b[0] === null)) return a[0] === null ? 1 : -1;
      return (down ? b[0] - a[0] : a[0] - b[0]) || a[1] - b[1];
    });
    table.tBodies[0].append(...rows.map(row => row[2]));
  });

  const copy = text => navigator.clipboard.writeText(text).then(() => said("copied"), () => said("not copied: select the text"));
  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  };
  const meaning = name => {  // what the list of words below the page says of a solver or a family
    const found = all("#words dt").find(term => term.textContent === name);
    return found ? name + ": " + found.nextElementSibling.textContent + ". " : "";
  };
  const column = cell => cell.closest("table").tHead.rows[0].cells[cell.cellIndex].textContent;
  const furnish = drawer => {
    if (drawer.querySelector("button")) return;
    const link = linkTo(drawer.id), cell = link && link.closest("td");
    if (cell) {
      const about = document.createElement("p");
      about.className = "made";
      about.textContent = meaning(cell.parentElement.dataset.solver) + meaning(column(cell));
      drawer.querySelector("h3").after(about);
    }
    drawer.tabIndex = -1;
    drawer.setAttribute("role", "dialog");
    drawer.setAttribute("aria-label", drawer.querySelector("h3").textContent);
    all("code", drawer).forEach(code => {
      const line = code.textContent, key = line.slice(line.indexOf('"') + 1, -1).split(" @ ")[0];
      const script = byId("script").textContent.replace("KEY", () => key);
      const asked = line + " --script";
      code.after(button("copy", () => copy(line)), button("copy for a script", () => copy(asked)), button("copy as Python", () => copy(script)));
    });
  };

  const show = moved => {
    const state = read(), row = state.place.replace(/\.[^.]*$/, "");  // a box with nothing to open: its row
    const place = byId(state.place) || (row && byId(row + ".fails"));
    all("aside .opened").forEach(drawer => drawer.classList.remove("opened"));
    all(".boxes .at").forEach(link => link.classList.remove("at"));
    filter(state.q);
    sort(state.sort, state.down);
    if (byId("q") !== document.activeElement) byId("q").value = state.q;
    if (!place) return;
    if (place.matches("aside section")) {
      furnish(place);
      place.classList.add("opened");
      const link = linkTo(state.place);
      if (link) link.classList.add("at");
      if (moved && link) link.scrollIntoView({ block: opener ? "nearest" : "center", inline: "nearest" });
      if (moved) place.focus({ preventScroll: true });
    } else if (moved) {
      place.scrollIntoView({ block: place.matches("section") ? "start" : "center", inline: "nearest" });
    }
  };

  document.documentElement.classList.add("js");
  byId("tools").hidden = false;
  all("table.ranking thead th").forEach(head => {
    const act = () => {
      const state = read();
      change({ sort: head.dataset.key, down: state.sort === head.dataset.key && !state.down });
    };
    const made = button(head.textContent, act);
    head.replaceChildren(made);
  });
  byId("q").addEventListener("input", event => change({ q: event.target.value }));
  document.addEventListener("click", event => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    if (!link.matches("aside a")) opener = link;
    const hash = write({ ...read(), place: link.getAttribute("href").slice(1) });
    if (link.matches("aside a")) close();
    else if (hash === location.hash) show(true);
    else location.hash = hash;
  });
  const close = () => {
    const back = opener || linkTo(read().place);
    history.pushState(null, "", write({ ...read(), place: "" }));
    show(false);
    if (back) back.focus();
  };
  document.addEventListener("keydown", event => {
    if (event.key === "Escape" && document.querySelector("aside .opened")) close();
  });
  document.addEventListener("mouseover", event => {
    const cell = event.target.closest(".boxes td, .heat tbody th");
    if (!cell || cell.title) return;
    if (cell.matches("th")) {
      cell.title = meaning(cell.parentElement.dataset.solver);
      return;
    }
    const link = cell.querySelector("a"), drawer = link && byId(link.getAttribute("href").slice(1));
    cell.title = (drawer || cell).querySelector("p, i").textContent;
  });
  addEventListener("hashchange", () => show(true));
  addEventListener("popstate", () => show(true));
  show(Boolean(location.hash));
})();
