/* A few steps that explain the page, once in each browser: a Streamlit component (Components v2), mounted by
   filterviz/ui/components/tour.

   data: {label, steps: [{at: a selector of what it is about, words}], place: ["1 of 4", ...], next, done, skip} */

const STATE = Symbol("filterviz");
const SEEN = "filterviz-tour"; // where the browser keeps that it has been shown

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tour");
  const tour = (root[STATE] ??= create(root));
  tour.draw(data);
  return () => tour.close();
}

function create(root) {
  const [words, place, skip, next] = [".words", ".place", ".skip", ".next"].map((name) => root.querySelector(name));
  let data = null;
  let step = 0;
  let marked = null;
  let over = seen();

  function draw(fresh) {
    data = fresh;
    if (!over) show();
  }

  function show() {
    root.setAttribute("aria-label", data.label);
    words.textContent = data.steps[step].words;
    place.textContent = data.place[step];
    skip.textContent = data.skip;
    skip.hidden = step === data.steps.length - 1;
    next.textContent = skip.hidden ? data.done : data.next;
    root.hidden = false;
    mark(document.querySelector(data.steps[step].at));
  }

  function mark(element) {
    if (marked === element) return;
    if (marked) marked.style.outline = marked.style.outlineOffset = "";
    marked = element;
    if (!marked) return;
    marked.style.outline = `2px solid ${getComputedStyle(root).borderTopColor}`;
    marked.style.outlineOffset = "6px";
  }

  function onward() {
    step += 1;
    if (step === data.steps.length) end();
    else show();
  }

  function end() {
    over = true;
    root.hidden = true;
    mark(null);
    try {
      localStorage.setItem(SEEN, "1");
    } catch {
      // A browser that keeps nothing shows it again with the next page.
    }
  }

  function seen() {
    try {
      return localStorage.getItem(SEEN) !== null;
    } catch {
      return false;
    }
  }

  function key(event) {
    if (event.key === "Escape") end();
  }

  function close() {
    mark(null);
    next.removeEventListener("click", onward);
    skip.removeEventListener("click", end);
    root.removeEventListener("keydown", key);
    delete root[STATE];
  }

  next.addEventListener("click", onward);
  skip.addEventListener("click", end);
  root.addEventListener("keydown", key);
  return { draw, close };
}
