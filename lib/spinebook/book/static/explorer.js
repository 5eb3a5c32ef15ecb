/* Draws the interactive figures of Spinebook: sliders, a readout and a plot, without a kernel.
 *
 * Each figure is a <div class="spinebook-explorer"> whose JSON settings hold controls and tables. A
 * function of (values, tables) returns what to show. On the site it comes from a file of its own,
 * which hands it to window.spinebookExplorer, so that nothing evaluates text. In a notebook, where
 * this script stands inline, its body is part of the settings. */
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 4", "4 2"];
  let counter = 0;

  /* ---- small helpers ---- */
  function element(name, attributes, children) {
    const node = document.createElement(name);
    setAll(node, attributes, children);
    return node;
  }
  function drawn(name, attributes, children) {
    const node = document.createElementNS(SVG, name);
    setAll(node, attributes, children);
    return node;
  }
  function setAll(node, attributes, children) {
    Object.entries(attributes || {}).forEach(([key, value]) => node.setAttribute(key, value));
    (children || []).forEach((child) => node.append(child));
  }
  const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  function power(exponent) {
    return "10" + String(exponent).replace(/[-0-9]/g, (c) => SUPERSCRIPTS[c]);
  }
  function short(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e5 || size < 1e-3) {
      const [digits, exponent] = value.toExponential(2).split("e");
      return `${Number(digits)}×${power(Number(exponent))}`.replace(/^-/, "−");
    }
    return String(Number(value.toPrecision(4))).replace(/^-/, "−");
  }

  function readable(text) {
    return String(text).replace(/(\d)e([+-]?)0*(\d+)/g, (_, digit, sign, exponent) =>
      `${digit}×${power((sign === "-" ? "-" : "") + exponent)}`);
  }

  /* ---- one control: a slider and a number field that follow each other ---- */
  function makeControl(control, prefix, onChange) {
    const digits = Math.max(0, Math.ceil(-Math.log10(control.step) - 1e-9));
    const clamp = (v) => Math.min(control.max, Math.max(control.min, v));
    const fit = (v) => {
      const stepped = control.min + Math.round((v - control.min) / control.step) * control.step;
      return Number(clamp(stepped).toFixed(digits));
    };
    const span = Math.log(control.max / control.min);
    const toSlider = (v) => (control.log ? (1000 * Math.log(v / control.min)) / span : v);
    const fromSlider = (p) => (control.log ? control.min * Math.exp((span * p) / 1000) : p);

    const id = `${prefix}-${control.id}`;
    const slider = element("input", {
      type: "range", id, step: control.log ? "any" : control.step,
      min: control.log ? 0 : control.min, max: control.log ? 1000 : control.max,
    });
    const field = element("input", {
      type: "number", min: control.min, max: control.max, step: control.step,
      "aria-label": `${control.label}, exact value`,
    });
    let value = control.value;
    function show(typing) {
      slider.value = toSlider(value);
      slider.setAttribute("aria-valuetext", String(value));
      if (!typing) field.value = value;
    }
    function set(next, typing) {
      if (!Number.isFinite(next)) return;
      value = fit(next);
      show(typing);
      onChange();
    }
    slider.addEventListener("input", () => set(fromSlider(Number(slider.value))));
    slider.addEventListener("keydown", (event) => {
      if (!control.log) return;
      const factor = { ArrowRight: 1.05, ArrowUp: 1.05, PageUp: 1.5, ArrowLeft: 1 / 1.05, ArrowDown: 1 / 1.05, PageDown: 1 / 1.5 }[event.key];
      if (!factor) return;
      event.preventDefault(); // a fixed step of the slider would be lost in rounding at the low end
      const moved = fit(value * factor);
      set(moved === value ? value + (factor > 1 ? control.step : -control.step) : moved);
    });
    field.addEventListener("input", () => {
      const typed = field.valueAsNumber;
      if (typed >= control.min && typed <= control.max) set(typed, true);
    });
    field.addEventListener("change", () => {
      if (Number.isFinite(field.valueAsNumber)) set(field.valueAsNumber);
      else show();
    });
    show();
    const label = element("label", { for: id }, [control.label]);
    return {
      id: control.id,
      node: element("div", { class: "sbx-control" }, [label, slider, field]),
      get: () => value,
      reset: () => { value = control.value; show(); },
    };
  }

  /* ---- axes ---- */
  function linearTicks(low, high, count) {
    const raw = (high - low) / count;
    const base = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * base).find((s) => s >= raw * 0.999);
    const ticks = [];
    for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + 1e-9 * step; t += step) {
      ticks.push(Math.abs(t) < step * 1e-9 ? 0 : Number(t.toPrecision(12)));
    }
    return ticks.map((value) => ({ value, text: short(value) }));
  }
  function logTicks(low, high, count) {
    if (high / low < 4) return linearTicks(low, high, 4);
    const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9);
    if (to - from < 2) {
      const between = [];
      for (let e = from - 1; e <= to; e += 1) [1, 2, 5].forEach((m) => between.push(m * 10 ** e));
      return between.filter((v) => v >= low * 0.999 && v <= high * 1.001).map((value) => ({ value, text: short(value) }));
    }
    const every = Math.max(1, Math.ceil((to - from) / count));
    const ticks = [];
    for (let e = Math.ceil(from / every) * every; e <= to; e += every) ticks.push({ value: 10 ** e, text: power(e) });
    return ticks;
  }
  function makeScale(values, log, start, end, count, given) {
    const usable = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
    let low = Math.min(...usable), high = Math.max(...usable);
    if (given) [low, high] = given;
    if (!usable.length && !given) [low, high] = log ? [0.1, 1] : [0, 1];
    if (log) {
      if (low === high) { low /= 3; high *= 3; }
      const a = Math.log10(low), b = Math.log10(high), pad = given ? 0 : 0.04 * (b - a);
      const at = (v) => start + ((Math.log10(v) - a + pad) / (b - a + 2 * pad)) * (end - start);
      return { at, ticks: logTicks(low, high, count), ok: (v) => Number.isFinite(v) && v > 0 };
    }
    if (low === high) { low -= 0.5; high += 0.5; }
    const pad = given ? 0 : 0.04 * (high - low);
    const at = (v) => start + ((v - low + pad) / (high - low + 2 * pad)) * (end - start);
    return { at, ticks: linearTicks(low, high, count), ok: Number.isFinite };
  }

  /* ---- the plot ---- */
  function linePath(series, xs, ys) {
    let path = "", pen = false;
    series.x.forEach((x, i) => {
      const good = xs.ok(x) && ys.ok(series.y[i]);
      if (good) path += `${pen ? "L" : "M"}${xs.at(x).toFixed(1)} ${ys.at(series.y[i]).toFixed(1)}`;
      pen = good;
    });
    return path;
  }
  function drawSeries(series, index, xs, ys) {
    const group = drawn("g", { class: `sbx-series sbx-c${index % 6}` });
    if (series.style === "points") {
      series.x.forEach((x, i) => {
        if (xs.ok(x) && ys.ok(series.y[i])) {
          group.append(drawn("circle", { cx: xs.at(x).toFixed(1), cy: ys.at(series.y[i]).toFixed(1), r: 3, class: "sbx-dot" }));
        }
      });
    } else {
      const dash = series.style === "dashed" ? "7 4" : DASHES[index % DASHES.length];
      group.append(drawn("path", { d: linePath(series, xs, ys), "stroke-dasharray": dash }));
    }
    if (series.mark && xs.ok(series.mark[0]) && ys.ok(series.mark[1])) {
      group.append(drawn("circle", { cx: xs.at(series.mark[0]).toFixed(1), cy: ys.at(series.mark[1]).toFixed(1), r: 6, class: "sbx-mark" }));
    }
    return group;
  }
  function drawPlot(svg, result, alt) {
    const width = Math.max(260, svg.parentNode.clientWidth), narrow = width < 480;
    const height = Math.round(Math.min(400, Math.max(250, width * 0.52)));
    const left = 62, right = 14, top = 12, bottom = 48;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    svg.replaceChildren(drawn("title", {}, [alt]));
    const all = (key, at) => result.series.flatMap((s) => [...s[key], ...(s.mark ? [s.mark[at]] : [])]);
    const xs = makeScale(all("x", 0), result.xLog, left, width - right, narrow ? 4 : 7, result.xRange);
    const ys = makeScale(all("y", 1), result.yLog, height - bottom, top, 6, result.yRange);
    const axes = drawn("g", { class: "sbx-axes" });
    xs.ticks.forEach((tick) => {
      const x = xs.at(tick.value).toFixed(1);
      axes.append(drawn("path", { d: `M${x} ${top}V${height - bottom}`, class: "sbx-grid" }));
      axes.append(drawn("text", { x, y: height - bottom + 18, "text-anchor": "middle" }, [tick.text]));
    });
    ys.ticks.forEach((tick) => {
      const y = ys.at(tick.value).toFixed(1);
      axes.append(drawn("path", { d: `M${left} ${y}H${width - right}`, class: "sbx-grid" }));
      axes.append(drawn("text", { x: left - 8, y: Number(y) + 4, "text-anchor": "end" }, [tick.text]));
    });
    axes.append(drawn("path", { d: `M${left} ${top}V${height - bottom}H${width - right}`, class: "sbx-frame" }));
    const middle = (top + height - bottom) / 2;
    axes.append(drawn("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle", class: "sbx-label" }, [result.xLabel || ""]));
    axes.append(drawn("text", { transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle", class: "sbx-label" }, [result.yLabel || ""]));
    svg.append(axes, ...result.series.map((series, i) => drawSeries(series, i, xs, ys)));
  }
  function legend(result) {
    return result.series.map((series, i) => {
      const swatch = drawn("svg", { viewBox: "0 0 30 10", width: 30, height: 10, "aria-hidden": "true", class: `sbx-series sbx-c${i % 6}` });
      if (series.style === "points") swatch.append(drawn("circle", { cx: 15, cy: 5, r: 3, class: "sbx-dot" }));
      else swatch.append(drawn("path", { d: "M1 5H29", "stroke-dasharray": series.style === "dashed" ? "7 4" : DASHES[i % DASHES.length] }));
      return element("li", {}, [swatch, series.label]);
    });
  }
  function readoutLines(result) {
    return (result.readouts || []).map((entry) =>
      element("p", {}, [element("span", {}, [entry.label]), " ", element("b", {}, [readable(entry.text)])]));
  }

  /* ---- one figure ---- */
  function settings(root) {
    return JSON.parse(root.querySelector(".spinebook-explorer-spec").textContent);
  }
  function start(root, spec, compute) {
    if (root.dataset.ready) return;
    root.dataset.ready = "yes";
    const prefix = `sbx${++counter}-${spec.name}`;
    const svg = drawn("svg", { class: "sbx-plot", role: "img", "aria-label": spec.alt, width: "100%" });
    const readout = element("div", { class: "sbx-readout", role: "status", "aria-live": "polite" });
    const names = element("ul", { class: "sbx-legend" });
    let result = null, waiting = false;

    function update() {
      const values = Object.fromEntries(controls.map((control) => [control.id, control.get()]));
      try {
        result = compute(values, spec.tables);
      } catch (error) {
        result = null;
        readout.replaceChildren(element("p", {}, [`This figure could not be computed: ${error.message}`]));
        return;
      }
      readout.replaceChildren(...readoutLines(result));
      names.replaceChildren(...legend(result));
      drawPlot(svg, result, spec.alt);
    }
    function later() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; update(); });
    }
    const controls = spec.controls.map((control) => makeControl(control, prefix, later));
    const reset = element("button", { type: "button", class: "sbx-reset" }, ["Reset"]);
    reset.addEventListener("click", () => { controls.forEach((control) => control.reset()); update(); });

    const panel = element("div", { class: "sbx-panel", role: "group", "aria-label": `Settings of ${spec.title}` },
      [...controls.map((control) => control.node), reset]);
    const parts = [panel, readout, element("div", { class: "sbx-canvas" }, [svg]), names];
    if (!spec.framed) parts.unshift(element("p", { class: "sbx-caption" }, [element("b", {}, [`${spec.title}. `]), spec.caption]));
    root.querySelector(".spinebook-explorer-fallback")?.remove();
    root.append(...parts);
    update();
    new ResizeObserver(() => result && drawPlot(svg, result, spec.alt)).observe(svg.parentNode);
  }
  function startNamed(name, compute) {
    document.querySelectorAll(`.spinebook-explorer[data-name="${name}"]`)
      .forEach((root) => start(root, settings(root), compute));
  }
  function startAll() {
    document.querySelectorAll(".spinebook-explorer").forEach((root) => {
      const spec = settings(root);
      if (spec.script) start(root, spec, new Function("values", "tables", spec.script));
    });
  }
  window.spinebookExplorer = startNamed;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
