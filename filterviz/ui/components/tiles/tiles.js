/* A wall of tiles: a Streamlit component (Components v2), mounted by filterviz/ui/components/tiles. No library, no build step.

   data: {feed, label, rows, pair, side, hint, waiting, relatives, tiles: [{filter, picture, text, mark, tip, state, silent,
   near: [filter, ...]}]}
   Triggers: "open" (a filter's number) when a tile is chosen, "near" (true) when one is pointed at and the server could
   find its relatives but has not, "seen" (true) when somebody scrolls to a wall that waits. */

const STATE = Symbol("filterviz");
const CALL = "filterviz-near";
const NEWS = "filterviz-feed";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".wall");
  const wall = (root[STATE] ??= create(root, parentElement.querySelector(".tip")));
  wall.trigger = setTriggerValue;
  wall.draw(data);
  return () => wall.close();
}

// A link below the address of the page, which may end in a name or in a slash.
const below = (link) => location.pathname.replace(/\/?$/, "/") + link;

function create(root, tip) {
  const buttons = new Map(); // by filter
  let data = { tiles: [], rows: 1 };
  let order = [];
  let current = null; // the filter that Tab leads to
  let told = false;
  let asked = false;
  let pointed = null;

  const wall = { trigger: null, draw, close };

  function draw(fresh) {
    data = fresh;
    root.setAttribute("aria-label", data.label);
    root.style.setProperty("--rows", data.rows);
    root.classList.toggle("narrow", data.tiles.length <= data.rows);
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
    if (!tip.textContent || !root.matches(":hover, :focus-within")) tip.textContent = data.hint;
    if (data.relatives !== "possible") asked = false;
    if (pointed !== null && order.includes(pointed)) call(find(pointed).near ?? []);
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
    button.addEventListener("pointerenter", () => point(filter));
    button.addEventListener("focus", () => {
      current = filter;
      rove();
      point(filter);
    });
    button.addEventListener("pointerleave", unpoint);
    button.addEventListener("blur", unpoint);
    buttons.set(filter, button);
    return button;
  }

  function fill(button, tile) {
    const [picture, label] = button.children;
    const source = tile.picture.startsWith("data:") ? tile.picture : below(tile.picture);
    if (picture.getAttribute("src") !== source) picture.src = source;
    picture.alt = tile.text;
    label.textContent = tile.mark ? `${tile.filter} · ${tile.mark}` : `${tile.filter}`;
    button.dataset.state = tile.state;
    button.toggleAttribute("data-silent", tile.silent);
    button.ariaDisabled = tile.state === "done" ? null : "true";
  }

  const find = (filter) => data.tiles.find((tile) => tile.filter === filter);

  function point(filter) {
    const tile = find(filter);
    if (!tile) return;
    tip.textContent = tile.tip;
    call(tile.near ?? []);
    pointed = filter;
    if (data.relatives === "possible" && !asked) {
      asked = true;
      wall.trigger("near", true);
    }
  }

  function unpoint() {
    tip.textContent = data.hint;
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
    const hint = items[`${data.feed}hint`];
    if (hint === undefined) return;
    if (tip.textContent === data.hint) tip.textContent = hint;
    data.hint = hint;
  }

  function call(near) {
    document.dispatchEvent(new CustomEvent(CALL, { detail: { pair: data.pair, from: data.side, near } }));
  }

  function answer(event) {
    const { pair, from, near } = event.detail;
    if (pair !== data.pair || from === data.side) return;
    for (const [filter, button] of buttons) {
      const rank = near.indexOf(filter);
      if (rank < 0) delete button.dataset.near;
      else button.dataset.near = rank + 1;
    }
  }

  function rove() {
    for (const [filter, button] of buttons) button.tabIndex = filter === current ? 0 : -1;
  }

  // Columns first: the tile below is the next one, the tile to the right stands a column further.
  function move(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -data.rows, ArrowRight: data.rows };
    const place = order.indexOf(current);
    let to = null;
    if (event.key in steps) to = place + steps[event.key];
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
