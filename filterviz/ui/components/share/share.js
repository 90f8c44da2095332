/* Copies the address of the page: a Streamlit component (Components v2), mounted by filterviz/ui/components/share.

   data: {label, copied, failed}: what the button says, and what is said after it was pressed. */

const SAID_FOR = 6000; // milliseconds

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("[role=status]");
  button.querySelector(".words").textContent = data.label;
  button.title = data.label;
  button.onclick = async () => {
    said.textContent = (await copy(location.href)) ? data.copied : `${data.failed} ${location.href}`;
    said.hidden = false;
    clearTimeout(said.timer);
    said.timer = setTimeout(() => (said.hidden = true), SAID_FOR);
  };
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without https have no clipboard; there the older way still works.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const worked = document.execCommand("copy");
    field.remove();
    return worked;
  }
}
