/* What leads to what in a network: a Streamlit component (Components v2), mounted by
   filterviz/ui/components/layer_map.

   data: {label, rows: [{index, name, about, shown, current, pressable}], joined: [bool], arcs: [{start, ends, lane}]}
   Trigger: "choose" (the index of a layer) when one is pressed. */

const STATE = Symbol("filterviz");
const HEIGHT = 28; // of a row, as in the style sheet
const LANE = 11;
const WIDEST = 130; // for all lanes together: with many of them they stand closer

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".map");
  const map = (root[STATE] ??= create(root));
  map.trigger = setTriggerValue;
  map.draw(data);
  return () => map.close();
}

function create(root) {
  const map = { trigger: null, draw, close };
  let buttons = [];

  function draw({ label, rows, joined, arcs }) {
    root.setAttribute("aria-label", label);
    const lanes = 1 + Math.max(-1, ...arcs.map((arc) => arc.lane));
    const lane = Math.min(LANE, WIDEST / Math.max(1, lanes));
    const column = lanes * lane + 10;
    buttons = rows.map((row) => make(row, column));
    root.replaceChildren(lines(rows, joined, arcs, lane, column), ...buttons);
    const at = Math.max(0, rows.findIndex((row) => row.current));
    rove(at);
    root.scrollTop = HEIGHT * at - root.clientHeight / 2;
  }

  function make({ index, name, about, shown, current, pressable }, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "layer";
    button.style.paddingLeft = `${column + 12}px`;
    const words = ["name", "about"].map((part) => {
      const span = document.createElement("span");
      span.className = part;
      return span;
    });
    words[0].textContent = name;
    words[1].textContent = about;
    button.append(...words);
    button.title = about;
    if (current) button.setAttribute("aria-current", "true");
    button.toggleAttribute("data-shown", shown);
    if (!pressable) button.ariaDisabled = "true";
    else button.addEventListener("click", () => map.trigger("choose", index));
    return button;
  }

  function lines(rows, joined, arcs, lane, column) {
    const svg = shape("svg", { width: column + 8, height: HEIGHT * rows.length, "aria-hidden": "true" });
    const y = (row) => HEIGHT * (row + 0.5);
    joined.forEach((is, row) => {
      if (is) svg.append(shape("path", { d: `M${column} ${y(row - 1)}V${y(row)}` }));
    });
    for (const { start, ends, lane: at } of arcs) {
      const x = column - 10 - lane * at;
      const turn = HEIGHT / 2;
      const last = ends[ends.length - 1];
      const from = `M${column} ${y(start)}C${x} ${y(start)} ${x} ${y(start)} ${x} ${y(start) + turn}V${y(last) - turn}`;
      const into = ends.map((end) => `M${x} ${y(end) - turn}C${x} ${y(end)} ${x} ${y(end)} ${column} ${y(end)}`);
      svg.append(shape("path", { d: from + into.join("") }));
    }
    rows.forEach((row, at) => {
      const circle = shape("circle", { cx: column, cy: y(at), r: row.pressable ? 4.5 : 2.5 });
      circle.toggleAttribute("data-shown", row.shown);
      svg.append(circle);
    });
    return svg;
  }

  function shape(name, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function rove(to) {
    buttons.forEach((button, at) => (button.tabIndex = at === to ? 0 : -1));
  }

  function move(event) {
    const at = buttons.indexOf(event.target.closest("button"));
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!buttons[to]) return;
    rove(to);
    buttons[to].focus();
  }

  function close() {
    root.removeEventListener("keydown", move);
    root.replaceChildren();
    delete root[STATE];
  }

  root.addEventListener("keydown", move);
  return map;
}
