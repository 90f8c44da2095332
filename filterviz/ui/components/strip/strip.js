/* The layers of a network by depth, each with a few of its patterns: a Streamlit component (Components v2), mounted by
   filterviz/ui/components/strip.

   data: {feed, label, ends: [shallow, deep], layers: [{index, name, about, pictures: [link, ...], current}]}
   Trigger: "choose" (the index of a layer) when one is pressed. */

const STATE = Symbol("filterviz");

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".strip");
  const strip = (root[STATE] ??= create(root, parentElement));
  strip.trigger = setTriggerValue;
  strip.draw(data);
  return () => strip.close();
}

function create(root, parent) {
  const strip = { trigger: null, draw, close };
  const buttons = new Map(); // by index
  const ends = parent.querySelectorAll(".ends span");
  let shown = null;
  let feed = "";

  function draw({ feed: name, label, ends: words, layers }) {
    feed = name;
    root.setAttribute("aria-label", label);
    ends.forEach((end, at) => (end.textContent = words[at]));
    for (const [index, button] of buttons) {
      if (!layers.some((layer) => layer.index === index)) {
        button.remove();
        buttons.delete(index);
      }
    }
    layers.forEach((layer, place) => {
      const button = buttons.get(layer.index) ?? make(layer.index);
      fill(button, layer);
      if (root.children[place] !== button) root.insertBefore(button, root.children[place] ?? null);
    });
    const current = layers.find((layer) => layer.current);
    if (current && current.index !== shown) {
      shown = current.index;
      const { offsetLeft, offsetWidth } = buttons.get(shown);
      root.scrollLeft = offsetLeft - (root.clientWidth - offsetWidth) / 2;
    }
  }

  function make(index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "layer";
    const pictures = document.createElement("span");
    pictures.className = "pictures";
    const name = document.createElement("span");
    name.className = "name";
    button.append(pictures, name);
    button.addEventListener("click", () => strip.trigger("choose", index));
    buttons.set(index, button);
    return button;
  }

  function fill(button, { name, about, pictures, current }) {
    const [room, label] = button.children;
    label.textContent = name;
    button.title = about;
    button.setAttribute("aria-label", about);
    if (current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    picture(room, pictures);
  }

  function picture(room, links) {
    links.forEach((link, at) => {
      const image = room.children[at] ?? room.appendChild(document.createElement("img"));
      image.alt = "";
      if (image.getAttribute("src") !== below(link)) image.src = below(link);
    });
    while (room.children.length > links.length) room.lastChild.remove();
  }

  function hear({ detail: items }) {
    for (const [index, button] of buttons) {
      const links = items[`${feed}${index}`];
      if (links) picture(button.firstChild, links);
    }
  }

  function close() {
    document.removeEventListener(NEWS, hear);
    root.replaceChildren();
    delete root[STATE];
  }

  document.addEventListener(NEWS, hear);

  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...root.children];
    const next = all[all.indexOf(root.getRootNode().activeElement) + step];
    event.preventDefault();
    next?.focus();
  });
  return strip;
}
