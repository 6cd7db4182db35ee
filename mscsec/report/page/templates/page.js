"use strict";
// The page computes no statistics. What a reader chooses is looked up in a table that the engine made beforehand; this
// script unpacks the table, prints its digits and moves marks to its places.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const ZERO = 5000, OUT_LEFT = -1, WIDTH = 400, OUT_RIGHT = WIDTH + 1, DASH = "–";
  const percent = (place) => (100 * place) / WIDTH + "%";
  const held = (place) => Math.min(Math.max(place, 0), WIDTH);

  const contents = document.querySelector(".toc details");
  const wide = matchMedia("(min-width: 80rem)");
  const unfold = () => { contents.open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();

  // --- trails in a dialog: the same articles that stand at the end of the page ---------------------------------

  const dialog = document.querySelector("dialog.trail-dialog");
  const inside = dialog.querySelector(".body");
  const back = dialog.querySelector(".back");
  let visited = [];

  function show(id, change) {
    const article = document.getElementById(id);
    if (!article || !article.classList.contains("trail")) return false;
    const copy = article.cloneNode(true);
    copy.removeAttribute("id");
    const heading = copy.querySelector("h3");
    heading.id = "dialog-h";
    heading.tabIndex = -1;
    if (change) change(copy);
    inside.replaceChildren(copy);
    visited.push([id, change]);
    back.hidden = visited.length < 2;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    heading.focus();
    return true;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#trail-"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (!dialog.open) visited = [];
    const outcome = link.closest(".outcome");
    const change = outcome && link.getAttribute("href") === "#" + outcome.dataset.trail ? changes.get(outcome) : undefined;
    if (show(link.getAttribute("href").slice(1), change)) event.preventDefault();
  });
  const opens = (link) => { link.setAttribute("aria-haspopup", "dialog"); return link; }; // what a screen reader says of it
  document.querySelectorAll('a[href^="#trail-"]').forEach(opens);
  back.addEventListener("click", () => { visited.pop(); const last = visited.pop(); if (last) show(...last); });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  const all = document.querySelector(".all-trails");
  const trails = document.getElementById("trails");
  trails.classList.add("trails-closed");
  all.hidden = false;
  all.addEventListener("click", () => {
    const closed = trails.classList.toggle("trails-closed");
    all.setAttribute("aria-expanded", String(!closed));
    all.textContent = all.textContent.replace(closed ? "Hide" : "Show", closed ? "Show" : "Hide");
  });
  const open = () => show(decodeURIComponent(location.hash.slice(1)));
  if (location.hash.startsWith("#trail-")) open();

  // --- the table of combinations -------------------------------------------------------------------------------

  const changes = new Map(); // by outcome, what its pooled trail says of the analysis chosen; absent for the review's own

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const table = JSON.parse(await new Response(stream).text());
    table.texts = table.texts.map(digits);
    const rows = table.texts[0].length;
    table.weights = table.weights.map((column) => shares(table, column.split("|"), rows));
    table.find = new Map((table.sets || []).map((set, row) => [set, row]));
    return table;
  }

  // The texts of one column. Where every set is there, a number is the mean of those of the sets with one study less, and a
  // step from it in the last digit: [shapes of the texts, which shape each set has, steps].
  const BASE = 80, SCALES = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
  const sign = (text, place) => { const code = text.charCodeAt(place); return code - (code > 92 ? 36 : 35); };

  function digits(column) {
    if (typeof column === "string") return column.split("|");
    const [shapes, kinds, steps] = column;
    const values = new Float64Array(kinds.length + 1).fill(NaN);
    let at = 0;
    const next = () => {
      const first = sign(steps, at++);
      let zigzag = first < BASE ? first : 0;
      for (let more = first < BASE ? 0 : first - BASE + 2; more > 0; more--) zigzag = zigzag * BASE + sign(steps, at++);
      return zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
    };
    return Array.from(kinds, (_, row) => {
      const set = row + 1, [before, decimals, after] = shapes[sign(kinds, row)];
      if (decimals === undefined) return before;
      let sum = 0, count = 0;
      for (let bit = 1; bit <= set; bit *= 2) {
        const less = set & bit ? values[set - bit] : NaN;
        if (less === less) { sum += less; count++; }
      }
      const units = Math.floor((count ? sum / count : 0) * SCALES[decimals] + 0.5) + next();
      values[set] = units / SCALES[decimals];
      const whole = String(Math.abs(units)).padStart(decimals + 1, "0"), cut = whole.length - decimals;
      return `${before}${units < 0 ? "-" : ""}${whole.slice(0, cut)}${decimals ? "." + whole.slice(cut) : ""}${after}`;
    });
  }

  // The shares of one column, set by set, in tenths of a per cent; null where they are those of the base.
  function shares(table, [same, ...studies], rows) {
    const before = studies.map(() => [0, 0]); // next character, and the share it steps from
    return Array.from({ length: rows }, (_, row) => {
      if (same[row] === "1") return null;
      return members(table, row).flatMap((on, study) => {
        if (!on) return [];
        const state = before[study];
        state[1] += studies[study].charCodeAt(state[0]++) - ZERO;
        return [state[1]];
      });
    });
  }

  function axisPlace(table, text) {
    if (text === DASH) return null;
    let [low, high, log] = table.axis;
    let x = text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
    if (log) {
      if (x <= 0) return OUT_LEFT;
      [low, high, x] = [Math.log(low), Math.log(high), Math.log(x)];
    }
    if (x < low) return OUT_LEFT;
    return x > high ? OUT_RIGHT : Math.floor(((x - low) / (high - low)) * WIDTH + 0.5);
  }

  // Everything about one set under one choice, as texts and places.
  function entry(table, row, model, ci) {
    let choice = table.choices.find((one) => one.model === model && one.ci === ci);
    const automatic = choice.pick !== undefined;
    if (automatic) choice = table.choices[choice.from[Number(choice.pick[row])]];
    const found = { ci: choice.ci, automatic };
    for (const name of ["e", "l", "h", "pl", "ph", "p", "t", "i"]) found[name] = table.texts[choice[name]][row];
    for (const name of ["e", "l", "h", "pl", "ph"]) {
      const letter = table.places[choice[name + "x"]][row];
      const read = axisPlace(table, found[name]);
      found[name + "x"] = read === null ? null : letter === "<" ? OUT_LEFT : letter === ">" ? OUT_RIGHT : read + letter.charCodeAt(0) - ZERO;
    }
    found.weights = (table.weights[choice.w][row] || table.weights[table.base][row]).map((tenths) => `${Math.floor(tenths / 10)}.${tenths % 10}%`);
    return found;
  }

  function rowOf(table, ticked) {
    if (table.find.size) return table.find.get(ticked.map((on) => (on ? "1" : "0")).join(""));
    return ticked.reduce((sum, on, place) => sum + (on ? 2 ** place : 0), 0) - 1;
  }

  function members(table, row) {
    if (table.sets) return [...table.sets[row]].map((one) => one === "1");
    return table.labels.map((_, place) => Math.floor((row + 1) / 2 ** place) % 2 === 1);
  }

  // --- one outcome ---------------------------------------------------------------------------------------------

  function outcome(section) {
    const packed = section.querySelector("script.table");
    const form = section.querySelector("form.choices");
    const select = form.querySelector("select.sets");
    const boxes = [...section.querySelectorAll(".tick input")];
    const rows = [...section.querySelectorAll("tr.study")];
    const slot = (name) => section.querySelector(`[data-show="${name}"]`);
    const chosen = section.querySelector(".chosen");
    const said = section.querySelector(".said");
    let table, ticked = boxes.map(() => true);
    const ready = () => (table ? Promise.resolve() : unpack(packed.textContent).then((made) => { table = made; fillSets(); }));

    function fillSets() {
      select.replaceChildren(...table.named.map(([key, name]) => new Option(name, key)), new Option("Own choice", ""));
      select.lastElementChild.disabled = true;
      sayNames();
    }

    function sayNames() {
      const row = rowOf(table, ticked);
      const named = table.named.find((one) => one[2] === row);
      select.value = named ? named[0] : "";
    }

    const value = (name) => form.querySelector(`input[name="${name}"]:checked`).value;

    // Only what the engine worked out can be asked for: an interval that a model has not is switched off.
    function offer() {
      const model = value("model");
      const kinds = [...form.querySelectorAll('input[name="ci"]')];
      for (const one of kinds) one.disabled = !table.choices.some((choice) => choice.model === model && choice.ci === one.value);
      if (form.querySelector('input[name="ci"]:checked').disabled) kinds.find((one) => !one.disabled).checked = true;
    }

    function draw(silent) {
      const row = rowOf(table, ticked);
      const found = entry(table, row, value("model"), value("ci"));
      const own = table.choices[table.own];
      const changed = ticked.includes(false) || value("model") !== own.model || value("ci") !== own.ci;
      let next = 0;
      const shares = ticked.map((on) => (on ? found.weights[next++] : DASH));
      rows.forEach((line, place) => {
        line.classList.toggle("out", !ticked[place]);
        line.querySelector(".weight a").textContent = shares[place];
        boxes[place].checked = ticked[place];
        const side = 5 + 10 * Math.sqrt(ticked[place] ? parseFloat(shares[place]) / 100 : 0.05);
        const square = line.querySelector("rect.box");
        if (square) {
          square.setAttribute("width", side); square.setAttribute("height", side);
          square.setAttribute("transform", `translate(${-side / 2} ${-side / 2})`);
        }
      });
      drawPooled(found);
      const interval = `[${found.l}, ${found.h}]`;
      const ahead = found.pl === DASH ? DASH : `${found.pl} to ${found.ph}`;
      slot("effect").textContent = `${found.e} ${interval}`;
      const words = `${section.dataset.measure} ${found.e} (${section.dataset.level} CI ${found.l} to ${found.h})`;
      for (const [name, text] of [["effect-words", words], ["p", found.p.replace(/^P (= )?/, "")], ["ahead", ahead], ["t", found.t], ["i", found.i], ["k", `${shares.filter((one) => one !== DASH).length} of ${boxes.length}`]]) link(slot(name), text);
      chosen.classList.toggle("changed", changed);
      const model = nameOf("model", value("model")), kind = nameOf("ci", found.ci);
      const how = `${model}, ${found.automatic ? "automatic interval: " : ""}${kind}${found.automatic ? "" : " interval"}`;
      const before = `${changed ? "Chosen" : "The review's analysis"}: ${how}; `, counted = `${shares.filter((one) => one !== DASH).length} of ${boxes.length} studies`;
      const text = `${before}${counted}.`;
      said.replaceChildren(before, number(counted), ".", ...(silent ? [] : [" ", number(words), ", ", number(found.p.replaceAll(" ", "\u00a0")), "."]));
      if (changed) changes.set(section, (copy) => retell(copy, shares, found, text, words)); else changes.delete(section);
      sayNames();
    }

    function nameOf(kind, key) {
      const input = form.querySelector(`input[name="${kind}"][value="${key}"]`);
      return input ? input.parentElement.textContent.trim() : key;
    }

    function number(text) {
      const a = document.createElement("a");
      a.href = "#" + section.dataset.trail; a.textContent = text;
      return opens(a);
    }

    function link(place, text) { place.replaceChildren(text === DASH ? text : number(text)); }

    // The trail of the pooled result, for the analysis chosen: its studies and shares, and what was looked up.
    function retell(copy, shares, found, text, words) {
      copy.querySelector("h3").textContent = words;
      const lead = copy.querySelector("p");
      if (lead) lead.textContent = `${text} Worked out by the engine before this page was written, from the effects and variances below.`;
      copy.querySelectorAll("td.w").forEach((cell, place) => { cell.textContent = shares[place]; });
      const ahead = found.pl === DASH ? DASH : `${found.pl} to ${found.ph}`;
      const steps = [["tau²", found.t], ["I²", found.i], ["P", found.p.replace(/^P (= )?/, "")], ["prediction interval", ahead], ["shown", words]].filter((one) => one[1] !== DASH);
      copy.querySelector(".steps").replaceChildren(...steps.map(([name, said]) => {
        const item = document.createElement("li"), bold = document.createElement("b");
        bold.textContent = name;
        item.append(bold, " = " + said);
        return item;
      }));
      copy.querySelectorAll("ul.notes").forEach((list) => list.remove());
    }

    function drawPooled(found) {
      const line = section.querySelector("tr.pooled");
      const at = held(found.ex ?? 0), low = held(found.lx ?? 0), high = held(found.hx ?? 0);
      const shape = line.querySelector("svg.diamond");
      if (shape) {
        const middle = high === low ? 50 : (100 * (at - low)) / (high - low);
        shape.setAttribute("x", percent(low));
        shape.setAttribute("width", percent(Math.max(high - low, 2)));
        shape.firstElementChild.setAttribute("points", `0,8 ${middle},0 100,8 ${middle},16`);
        shape.parentElement.setAttribute("visibility", found.ex === null ? "hidden" : "visible");
      }
      arrows(line, found.lx, found.hx);
      for (const mean of section.querySelectorAll(".forest .mean")) { mean.setAttribute("x1", percent(at)); mean.setAttribute("x2", percent(at)); }
      const ahead = section.querySelector("tr.ahead");
      ahead.classList.toggle("off", found.pl === DASH);
      const bar = ahead.querySelector(".bar");
      bar.setAttribute("x1", percent(held(found.plx ?? 0)));
      bar.setAttribute("x2", percent(held(found.phx ?? 0)));
      arrows(ahead, found.plx, found.phx);
      slot("prediction").textContent = found.pl === DASH ? DASH : `[${found.pl}, ${found.ph}]`;
    }

    function arrows(line, low, high) {
      line.querySelector(".arrow.left").classList.toggle("off", low !== OUT_LEFT);
      line.querySelector(".arrow.right").classList.toggle("off", high !== OUT_RIGHT);
    }

    boxes.forEach((box, place) => box.addEventListener("change", async () => {
      const on = box.checked;
      await ready();
      let wanted = ticked.map((was, other) => (other === place ? on : was));
      if (table.sets && rowOf(table, wanted) === undefined) wanted = boxes.map((_, other) => on || other !== place);
      if (!wanted.includes(true)) {
        box.checked = true;
        said.textContent = "One study must stay in.";
        return;
      }
      ticked = wanted;
      draw();
    }));
    form.addEventListener("change", async (event) => {
      const asked = event.target === select ? select.value : null;
      await ready();
      if (asked !== null) ticked = members(table, table.named.find((one) => one[0] === asked)[2]);
      offer();
      draw();
    });
    form.addEventListener("reset", () => setTimeout(async () => { await ready(); ticked = boxes.map(() => true); offer(); draw(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    const start = () => ready().then(() => { offer(); draw(true); said.setAttribute("role", "status"); });
    form.hidden = false;
    chosen.hidden = false;
    for (const part of section.querySelectorAll(".only-js")) part.hidden = false;
    new IntersectionObserver((seen, watcher) => { if (seen.some((one) => one.isIntersecting)) { watcher.disconnect(); start(); } }, { rootMargin: "600px" }).observe(section);
  }

  if (!("DecompressionStream" in window)) {
    document.querySelector(".no-choices").hidden = false;
  } else {
    for (const section of document.querySelectorAll(".outcome")) if (section.querySelector("script.table")) outcome(section);
  }
})();
