"""Compare the rebuilt networks with Keras: every case whose right output is known, one line each.

    python -m benchmarks.cases [FOLDER] [--json]

FOLDER holds ``NAME.h5``, ``NAME.keras`` and ``NAME.npz`` (inputs ``i0, i1, ...``, outputs ``o0, o1, ...`` as Keras
computed them); by default it is ``../shared/models/cases/files``. A case is

* ``equal``: every output is computed and agrees,
* ``noted``: it opens, does not agree or is only computed in part, and a note or a reason says so,
* ``refused``: with a sentence,
* ``WRONG``: an output differs and nothing says so. There must be none.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from filterviz.engine.whole_network import build_whole
from filterviz.errors import Refused
from filterviz.reader import open_model
from filterviz.settings import Settings

CASES = Path(__file__).parents[2] / "shared" / "models" / "cases" / "files"
RELATIVE = 1e-4
"""The largest difference that float32 explains, as a share of the largest output."""


@dataclass(frozen=True)
class Result:
    """The result for one file.

    Attributes:
        file: Name of the file.
        verdict: ``equal``, ``noted``, ``refused`` or ``WRONG``.
        difference: Largest difference relative to the largest output; ``None`` where no output is computed.
        pixel_range: The guessed pixel range; empty where the file was refused.
        words: The notes, the reason or the refusal.
    """

    file: str
    verdict: str
    difference: float | None
    pixel_range: str
    words: str


def judge(path: Path) -> Result:
    """Open one file and compare what it computes with what Keras computed."""
    with np.load(path.with_suffix(".npz")) as known:
        inputs = [known[f"i{number}"] for number in range(sum(name.startswith("i") for name in known))]
        outputs = [known[f"o{number}"] for number in range(sum(name.startswith("o") for name in known))]
    try:
        model = open_model(path, Settings())
    except Refused as refusal:
        return Result(path.name, "refused", None, "", f"{refusal.code.value}: {refusal}")
    with model:
        spec = model.spec
        reasons = [layer.reason for layer in spec.layers if layer.reason and "cannot" in layer.reason]
        words = " ".join([*spec.notes, *reasons[:1]])
        difference = None
        if spec.outputs:
            computed = [output.numpy() for output in build_whole(model)(inputs)]
            difference = max(_difference(one, right) for one, right in zip(computed, outputs, strict=False))
            if len(computed) < len(outputs):
                words = words or f"only {len(computed)} of {len(outputs)} outputs"
        if difference is not None and difference <= RELATIVE and len(spec.outputs) == len(outputs):
            verdict = "equal"
        else:
            verdict = "noted" if words else "WRONG"
    return Result(path.name, verdict, difference, spec.pixel_range.value, words)


def _difference(one: np.ndarray, right: np.ndarray) -> float:
    if one.shape != right.shape:
        return float("inf")
    return float(np.abs(one - right).max() / max(np.abs(right).max(), 1e-6))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Hold the rebuilt networks against Keras.")
    parser.add_argument("folder", nargs="?", type=Path, default=CASES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for path in sorted(path for path in options.folder.iterdir() if path.suffix in (".h5", ".keras")):
        try:
            results.append(judge(path))
        except Exception as error:
            results.append(Result(path.name, "WRONG", None, "", f"{type(error).__name__}: {error}"[:200]))
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
        return
    for result in results:
        difference = "" if result.difference is None else f"{result.difference:.1e}"
        print(f"{result.verdict:8} {result.file:32} {difference:8} {result.pixel_range:6} {result.words[:170]}")
    print(dict(Counter(result.verdict for result in results)))


if __name__ == "__main__":
    main()
