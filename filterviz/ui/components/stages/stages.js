/* The stages of a training on its accuracy curve, one of which is chosen: a Streamlit component (Components v2), mounted
   by filterviz/ui/components/stages.

   data: {label, across, up, ticks: [{at, words}], last, least, most, values: [number, ...], stops: [{epoch, value, name}],
   chosen}; epochs are counted from 1, 0 is before the training. Trigger: "choose" (the number of a stop). */

const STATE = Symbol("filterviz");
const [WIDTH, HEIGHT] = [320, 72];
const SVG = "http://www.w3.org/2000/svg";

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".stages");
  const stages = (root[STATE] ??= create(root));
  stages.trigger = setTriggerValue;
  stages.draw(data);
}

function create(root) {
  const stages = { trigger: null, draw };
  const [up, plot, across, chosenName] = root.children;
  const svg = plot.querySelector("svg");
  const group = plot.querySelector("[role=radiogroup]");

  function draw(data) {
    const x = (epoch) => (100 * epoch) / data.last;
    const y = (value) => 100 * (1 - Math.min(1, Math.max(0, (value - data.least) / (data.most - data.least))));
    up.textContent = data.up;
    across.textContent = data.across;
    group.setAttribute("aria-label", data.label);
    const line = [{ epoch: 0, value: data.stops[0].value }, ...data.values.map((value, at) => ({ epoch: at + 1, value }))];
    const points = line.map(({ epoch, value }) => `${(x(epoch) * WIDTH) / 100},${(y(value) * HEIGHT) / 100}`).join(" ");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.replaceChildren(
      ...data.ticks.map(({ at }) => shape("line", { x1: 0, x2: WIDTH, y1: (y(at) * HEIGHT) / 100, y2: (y(at) * HEIGHT) / 100 })),
      shape("polyline", { points }),
    );
    plot.querySelectorAll(".tick").forEach((tick) => tick.remove());
    for (const { at, words } of data.ticks) {
      const tick = document.createElement("span");
      tick.className = "tick";
      tick.textContent = words;
      tick.style.top = `${y(at)}%`;
      plot.append(tick);
    }
    data.stops.forEach(({ epoch, value, name }, at) => {
      const stop = group.children[at] ?? group.appendChild(make(at));
      const chosen = at === data.chosen;
      stop.style.left = `${x(epoch)}%`;
      stop.style.top = `${y(value)}%`;
      stop.setAttribute("aria-label", name);
      stop.setAttribute("aria-checked", chosen);
      stop.title = name;
      stop.tabIndex = chosen ? 0 : -1;
    });
    chosenName.textContent = data.stops[data.chosen].name;
  }

  function make(at) {
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "stop";
    stop.setAttribute("role", "radio");
    stop.addEventListener("click", () => stages.trigger("choose", at));
    return stop;
  }

  function shape(kind, attributes) {
    const element = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.setAttribute("vector-effect", "non-scaling-stroke");
    return element;
  }

  group.addEventListener("keydown", (event) => {
    const all = [...group.children];
    const now = all.indexOf(root.getRootNode().activeElement);
    const steps = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: all.length - 1 };
    const to = steps[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!all[to]) return;
    all[to].focus();
    stages.trigger("choose", to);
  });
  return stages;
}
