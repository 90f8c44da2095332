/* Says why a file did not arrive: a Streamlit component (Components v2), see __init__.py.

   data: {sentences: {refused, proxy, limit, lost}}, two sentences each. It stands in a container with an upload field,
   whose files that did not arrive are marked as invalid and described by a text for screen readers. */

const ROOM = '[class*="st-key-intake-"]';
const FAILED = '[data-testid="stFileUploader"] [aria-invalid="true"]';

function kind(words) {
  const status = Number(words.match(/status code (\d+)/)?.[1]);
  if (status === 401 || status === 403) return "refused";
  if (status === 413) return "proxy";
  return /must be .* or smaller/.test(words) ? "limit" : "lost";
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".fv-undelivered");
  // The field itself may not be there yet: its script arrives by itself.
  const room = parentElement.closest(ROOM);
  if (!room) return;

  let shown = null;
  function look() {
    const failed = room.querySelector(FAILED);
    const now = failed && kind(failed.textContent);
    if (now === shown) return; // also where it was this that changed the page
    shown = now;
    box.replaceChildren();
    if (!now) return;
    const alert = document.createElement("div");
    alert.className = "fv-box";
    alert.setAttribute("role", "alert");
    for (const sentence of data.sentences[now]) {
      const paragraph = document.createElement("p");
      paragraph.textContent = sentence;
      alert.append(paragraph);
    }
    box.append(alert);
  }

  const observer = new MutationObserver(look);
  observer.observe(room, { subtree: true, childList: true, attributeFilter: ["aria-invalid"] });
  look();
  return () => observer.disconnect();
}
