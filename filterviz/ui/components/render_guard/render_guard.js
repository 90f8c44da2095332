/* Asks for the page again where its end did not arrive: a Streamlit component (Components v2), see __init__.py.

   data: {run}, what the mark at the end of the page is called.
   Trigger: "again" (the same) when Streamlit says that the page is drawn, and the mark is not there. */

const LOOK_EVERY = 500; // milliseconds
const LOOKS = 3; // in a row without the mark, before it counts as missing
const MOST = 3; // times in a row: a page that never ends is not asked for again and again

let timer = null;
let asked = 0;

export default function ({ data, setTriggerValue }) {
  let missed = 0;
  clearInterval(timer);
  timer = setInterval(() => {
    if (document.querySelector(`[data-run="${data.run}"]`)) {
      clearInterval(timer);
      asked = 0;
      return;
    }
    const app = document.querySelector("[data-test-script-state]");
    missed = app?.dataset.testScriptState === "notRunning" ? missed + 1 : 0;
    if (missed < LOOKS) return;
    clearInterval(timer);
    if (asked < MOST) {
      asked += 1;
      setTriggerValue("again", data.run);
    }
  }, LOOK_EVERY);
  return () => clearInterval(timer);
}
