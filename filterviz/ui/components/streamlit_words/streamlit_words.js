/* Streamlit's own words in the language of the page, which it has in English only: a Streamlit component (Components v2),
   mounted by filterviz/ui/components/streamlit_words.

   data: {words: {English: translation}, beginnings: {English: translation}}: whole texts, and how texts begin. */

const STATE = Symbol("filterviz");
const ATTRIBUTES = ["aria-label", "placeholder", "title"];

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("span");
  const translator = (root[STATE] ??= create(root));
  translator.draw(data);
  return () => translator.close();
}

function create(root) {
  let data = { words: {}, beginnings: {} };
  const observer = new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      text(target);
      attributes(target);
      addedNodes.forEach(all);
    }
  });

  function draw(fresh) {
    data = fresh;
    all(document.body);
    const options = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES };
    observer.observe(document.body, options);
  }

  function translated(words) {
    if (!words) return undefined;
    const known = data.words[words.trim()];
    if (known !== undefined) return known;
    const begin = Object.keys(data.beginnings).find((one) => words.startsWith(one));
    return begin && data.beginnings[begin] + words.slice(begin.length);
  }

  function all(node) {
    text(node);
    attributes(node);
    node.childNodes.forEach(all);
  }

  function text(node) {
    const found = node.nodeType === Node.TEXT_NODE ? data.words[node.nodeValue.trim()] : undefined;
    if (found !== undefined) node.nodeValue = found;
  }

  function attributes(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    for (const name of ATTRIBUTES) {
      const found = translated(node.getAttribute(name));
      if (found !== undefined) node.setAttribute(name, found);
    }
  }

  function close() {
    observer.disconnect();
    delete root[STATE];
  }

  return { draw, close };
}
