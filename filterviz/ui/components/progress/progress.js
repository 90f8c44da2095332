/* How far the work of a page is: a Streamlit component (Components v2), mounted by filterviz/ui/components/progress.

   It asks the page's feed what has changed, shows what concerns itself, and tells the other parts of the page by an
   event of the document: "filterviz-feed", whose detail holds the items by name.

   data: {feed, drawn, hold, label, bar: {share, line}}. Trigger: "changed" (what the page depends on now) when the page
   must be drawn anew; with "hold" it is not, because something lies above it. */

const STATE = Symbol("filterviz");
const FIRST = 300; // milliseconds until the first question
const PATIENCE = 5000; // milliseconds until the next try where the server did not answer

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".progress");
  const progress = (root[STATE] ??= create(root));
  progress.trigger = setTriggerValue;
  progress.draw(data);
  return () => progress.close();
}

function create(root) {
  const progress = { trigger: null, draw, close };
  const [track, words] = root.children;
  let data = {};
  let number = 0;
  let timer = null;
  let asked = null; // what the page was last asked to be drawn for

  function draw(fresh) {
    track.setAttribute("aria-label", fresh.label);
    if (fresh.feed !== data.feed || fresh.drawn !== data.drawn) number = 0;
    data = fresh;
    show(data.bar);
    clearTimeout(timer);
    timer = setTimeout(ask, FIRST);
  }

  function show({ share, line }) {
    track.hidden = share === null;
    track.setAttribute("aria-valuenow", Math.round(100 * (share ?? 0)));
    track.firstElementChild.style.width = `${100 * (share ?? 0)}%`;
    if (words.textContent !== line) words.textContent = line;
  }

  async function ask() {
    const mine = data;
    let wait = PATIENCE;
    try {
      const response = await fetch(below(`filterviz/feed/${mine.feed}?since=${number}`), { cache: "no-store" });
      if (mine !== data) return;
      if (response.ok) {
        const news = await response.json();
        if (mine !== data) return;
        number = news.number;
        wait = 1000 * news.seconds;
        take(news.items);
      } else if (response.status === 404) {
        redraw("gone");
      }
    } catch {
      if (mine !== data) return; // the page is being left, or the server does not answer: it is asked again
    }
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  }

  function take(items) {
    if (items.bar) show(items.bar);
    document.dispatchEvent(new CustomEvent(NEWS, { detail: items }));
    if (items.page !== undefined && items.page !== data.drawn) redraw(items.page);
  }

  function redraw(now) {
    if (data.hold || asked === `${data.drawn} ${now}`) return;
    asked = `${data.drawn} ${now}`;
    progress.trigger("changed", now);
  }

  function close() {
    clearTimeout(timer);
    data = {};
    delete root[STATE];
  }

  return progress;
}
