/* A wall of tiles: a Streamlit component (Components v2), mounted by filterviz/ui/components/tiles. No library, no build step.

   data: {feed, label, columns, byRows, pair, side, beside, hint, waiting, relatives, legend, tiles: [{filter, picture, text, mark,
   tip, state, silent, near: [filter, ...]}]}
   Triggers: "open" (a filter's number) when a tile is chosen, "near" (true) when one is pointed at and the server could
   find its relatives but has not, "seen" (true) when somebody scrolls to a wall that waits. */

const STATE = Symbol("filterviz");
const CALL = "filterviz-near";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".wall");
  const wall = (root[STATE] ??= create(root, parentElement));
  wall.trigger = setTriggerValue;
  wall.draw(data);
  return () => wall.close();
}

function create(root, parent) {
  const tip = parent.querySelector(".tip");
  const hint = parent.querySelector(".hint");
  const buttons = new Map(); // by filter
  let data = { tiles: [], columns: 1, byRows: true };
  let order = [];
  let current = null; // the filter that Tab leads to
  let told = false;
  let asked = false;
  let pointed = null;

  const wall = { trigger: null, draw, close };

  function draw(fresh) {
    data = fresh;
    root.setAttribute("aria-label", data.label);
    root.style.setProperty("--columns", data.columns);
    root.style.setProperty("--rows", Math.max(1, Math.ceil(data.tiles.length / data.columns)));
    root.classList.toggle("by-columns", !data.byRows);
    order = data.tiles.map((tile) => tile.filter);
    for (const [filter, button] of buttons) {
      if (!order.includes(filter)) {
        button.remove();
        buttons.delete(filter);
      }
    }
    if (!order.includes(current)) current = order[0];
    data.tiles.forEach((tile, place) => {
      const button = buttons.get(tile.filter) ?? make(tile.filter);
      fill(button, tile);
      // Moving a node that stands right would take the focus from it.
      if (root.children[place] !== button) root.insertBefore(button, root.children[place] ?? null);
    });
    if (data.relatives !== "possible") asked = false;
    if (pointed !== null && order.includes(pointed)) {
      say(pointed);
      call(find(pointed).near ?? []);
    } else {
      unpoint();
    }
    rove();
    watch();
  }

  function make(filter) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tile";
    button.append(document.createElement("img"), document.createElement("span"));
    button.addEventListener("click", () => {
      if (button.dataset.state === "done") wall.trigger("open", filter);
    });
    button.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") point(filter);
    });
    button.addEventListener("focus", () => {
      current = filter;
      rove();
      if (button.matches(":focus-visible")) point(filter);
    });
    button.addEventListener("pointerleave", unpoint);
    button.addEventListener("blur", unpoint);
    buttons.set(filter, button);
    return button;
  }

  function fill(button, tile) {
    const [picture, label] = button.children;
    if (picture.getAttribute("src") !== below(tile.picture)) picture.src = below(tile.picture);
    picture.alt = tile.text;
    label.textContent = tile.mark ? `${tile.filter} · ${tile.mark}` : `${tile.filter}`;
    button.dataset.state = tile.state;
    button.toggleAttribute("data-silent", tile.silent);
    button.ariaDisabled = tile.state === "done" ? null : "true";
  }

  const find = (filter) => data.tiles.find((tile) => tile.filter === filter);

  function point(filter) {
    if (!find(filter)) return;
    pointed = filter;
    say(filter);
    call(find(filter).near ?? []);
    if (data.relatives === "possible" && !asked) {
      asked = true;
      wall.trigger("near", true);
    }
  }

  // What is said about a tile stands at the tile: below it, or above where there is no room.
  function say(filter) {
    const tile = find(filter);
    tip.textContent = tile.tip;
    tip.hidden = false;
    hint.textContent = tile.near?.length ? data.legend : data.hint;
    const around = root.parentElement.getBoundingClientRect();
    const box = buttons.get(filter).getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(Math.max(0, box.left + box.width / 2 - width / 2 - around.left), around.width - width);
    const below = box.bottom + 4;
    const top = below + height < window.innerHeight ? below : box.top - height - 4;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${top - around.top}px`;
  }

  function unpoint() {
    tip.hidden = true;
    hint.textContent = data.hint;
    pointed = null;
    call([]);
  }

  // What the page's feed has to say of tiles that are being made.
  function hear({ detail: items }) {
    data.tiles.forEach((tile, at) => {
      const fresh = items[`${data.feed}${tile.filter}`];
      if (!fresh) return;
      data.tiles[at] = { ...fresh, near: tile.near };
      fill(buttons.get(tile.filter), fresh);
      if (pointed === tile.filter) tip.textContent = fresh.tip;
    });
    const fresh = items[`${data.feed}hint`];
    if (fresh === undefined) return;
    if (hint.textContent === data.hint) hint.textContent = fresh;
    data.hint = fresh;
  }

  function call(near) {
    document.dispatchEvent(new CustomEvent(CALL, { detail: { pair: data.pair, to: data.beside, near } }));
  }

  function answer(event) {
    const { pair, to, near } = event.detail;
    if (pair !== data.pair || to !== data.side) return;
    for (const [filter, button] of buttons) {
      const rank = near.indexOf(filter);
      if (rank < 0) delete button.dataset.near;
      else button.dataset.near = rank + 1;
    }
  }

  function rove() {
    for (const [filter, button] of buttons) button.tabIndex = filter === current ? 0 : -1;
  }

  // How many columns there are is for the style sheet to say, which knows how wide the screen is.
  function steps() {
    const style = getComputedStyle(root);
    const lines = (property) => style[property].split(" ").length;
    if (data.byRows) return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -lines("gridTemplateColumns"), ArrowDown: lines("gridTemplateColumns") };
    return { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -lines("gridTemplateRows"), ArrowRight: lines("gridTemplateRows") };
  }

  function move(event) {
    const step = steps()[event.key];
    let to = null;
    if (step !== undefined) to = order.indexOf(current) + step;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = order.length - 1;
    if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (to >= 0 && to < order.length) buttons.get(order[to]).focus();
  }

  // Whoever scrolls to an empty wall wants it next; what is in sight from the start is made in order.
  let hidden = false;
  const viewer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) hidden = true;
      else if (hidden && !told) {
        told = true;
        viewer.disconnect();
        wall.trigger("seen", true);
      }
    }
  });

  function watch() {
    if (data.waiting && !told) viewer.observe(root);
    else viewer.disconnect();
  }

  function close() {
    viewer.disconnect();
    call([]);
    document.removeEventListener(CALL, answer);
    document.removeEventListener(NEWS, hear);
    root.removeEventListener("keydown", move);
    root.replaceChildren();
    delete root[STATE];
  }

  root.addEventListener("keydown", move);
  document.addEventListener(CALL, answer);
  document.addEventListener(NEWS, hear);
  return wall;
}
