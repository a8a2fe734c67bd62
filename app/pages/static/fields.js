// Fields of view to scale: zoom, and where the place under the pointer lies in every coordinate system.
// The page is whole without this file.
"use strict";

(() => {
  const given = document.getElementById("frames");
  const figures = [...document.querySelectorAll("figure.fields")];
  if (!given || !figures.length) return;
  const frames = JSON.parse(given.textContent); // the frame of the picture first
  const { axes } = frames[0];
  const chooser = document.querySelector("form.frame");
  if (chooser) {
    chooser.elements.frame.addEventListener("change", () => chooser.submit());
    chooser.querySelector("button").hidden = true;
  }

  const table = places();
  figures.at(-1).after(table.element);
  figures.forEach((figure) => zoomed(figure, table));

  // --- the table of places

  function places() {
    const element = made("div", { className: "scroll", tabIndex: 0 });
    element.setAttribute("role", "region");
    element.setAttribute("aria-label", "Table: the place under the pointer in every coordinate system");
    const rows = frames.map((frame) => {
      const cell = made("td", { textContent: "–" });
      const error = frame.rms === null ? "not known" : `± ${short(frame.rms)} ${frame.unit}`;
      return { frame, cell, row: made("tr", {}, [
        Object.assign(made("th", { textContent: frame.title }), { scope: "row" }),
        made("td", { textContent: frame.axes.join(", ") }), cell,
        made("td", { textContent: frame.unit || "not stated" }), made("td", { textContent: error }),
      ]) };
    });
    const heads = ["Coordinate system", "Axes", "Place", "Unit", "Error of the way there"];
    const head = made("tr", {}, heads.map((text) => Object.assign(made("th", { textContent: text }), { scope: "col" })));
    const depth = axes.length === 3 ? number(figures[0].dataset.middle) : null;
    const caption = made("caption", {}, ["Point at the picture, or move the cross with the arrow keys"]);
    if (depth) caption.append(made("label", {}, [`; ${axes[0]} is `, depth]));
    element.append(made("table", { id: "places" }, [
      caption, made("thead", {}, [head]), made("tbody", {}, rows.map((each) => each.row)),
    ]));
    let last = null;
    const show = (point) => {
      last = point;
      const whole = depth ? [Number(depth.value), ...point] : point;
      for (const { frame, cell } of rows) cell.textContent = through(frame.affine, whole).map(short).join(", ");
    };
    if (depth) depth.addEventListener("input", () => last && show(last));
    return { element, show };
  }

  function number(value) {
    return made("input", { type: "number", step: "any", value });
  }

  function through(affine, point) {
    return affine.map((row) => row.slice(0, -1).reduce((sum, factor, at) => sum + factor * point[at], row.at(-1)));
  }

  function short(value) {
    return String(Number(value.toPrecision(6)));
  }

  // --- one picture

  function zoomed(figure, shown) {
    const picture = figure.querySelector("svg");
    const [, , width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
    const [scale, margin] = [figure.dataset.scale, figure.dataset.margin].map(Number);
    const low = figure.dataset.low.split(",").map(Number);
    let view = [0, 0, width, height];
    const cross = drawn("path", { class: "fov-cross", d: "" });
    picture.append(cross);
    picture.setAttribute("tabindex", "0");
    let at = [width / 2, height / 2];
    const bar = picture.querySelector(".fov-bar");
    const lengths = [bar.querySelector("text"), figure.querySelector(".bar-length")];
    const [, length, unit] = lengths[0].textContent.match(/^(\S+) (.*)$/);

    const look = (x, y, span) => {
      const size = Math.min(width, Math.max(width / 4096, span));
      const ratio = size / width;
      view = [bound(x, width - size), bound(y, height - height * ratio), size, height * ratio];
      picture.setAttribute("viewBox", view.join(" "));
      picture.style.setProperty("--closer", ratio);
      bar.setAttribute("transform", `translate(${view[0]} ${view[1]}) scale(${ratio})`);
      for (const words of lengths) words.textContent = `${short(length * ratio)} ${unit}`;
      mark();
    };
    const mark = () => {
      const arm = view[2] / 40;
      cross.setAttribute("d", `M${at[0] - arm} ${at[1]}h${2 * arm}M${at[0]} ${at[1] - arm}v${2 * arm}`);
    };
    const put = (x, y) => {
      at = [bound(x, width), bound(y, height)];
      mark();
      shown.show([low[0] + (at[1] - margin) / scale, low[1] + (at[0] - margin) / scale]);
    };
    const zoom = (factor, [x, y] = at) => {
      const span = Math.min(width, view[2] * factor);
      look(x - (x - view[0]) * (span / view[2]), y - (y - view[1]) * (span / view[2]), span);
    };
    const under = (event) => {
      const box = picture.getBoundingClientRect();
      return [view[0] + ((event.clientX - box.left) / box.width) * view[2],
        view[1] + ((event.clientY - box.top) / box.height) * view[3]];
    };

    picture.addEventListener("pointermove", (event) => put(...under(event)));
    picture.addEventListener("pointerdown", (event) => put(...under(event)));
    picture.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // without it, the wheel scrolls the page
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1 / 1.25 : 1.25, under(event));
    }, { passive: false });
    picture.addEventListener("keydown", (event) => {
      const step = view[2] / 100;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      const keys = { "+": () => zoom(0.5), "-": () => zoom(2), 0: () => look(0, 0, width) };
      if (moves[event.key]) put(at[0] + moves[event.key][0], at[1] + moves[event.key][1]);
      else if (keys[event.key]) keys[event.key]();
      else return;
      event.preventDefault();
    });
    const buttons = [["Closer", () => zoom(0.5)], ["Farther", () => zoom(2)], ["Whole", () => look(0, 0, width)]];
    const tools = made("div", { className: "actions" }, buttons.map(([text, act]) => {
      const button = made("button", { type: "button", className: "secondary", textContent: text });
      button.addEventListener("click", act);
      return button;
    }));
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "Zoom");
    picture.before(tools);
    mark();
  }

  function bound(value, most) {
    return Math.min(Math.max(value, 0), Math.max(most, 0));
  }

  function made(name, values = {}, children = []) {
    const element = Object.assign(document.createElement(name), values);
    element.append(...children);
    return element;
  }

  function drawn(name, values) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(values).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }
})();
