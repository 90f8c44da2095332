"""How well the bar foretells how long the work will still take, on whole networks, against the clock.

    python -m benchmarks.remaining [MODEL ...]

For each network the walls of about five layers, with all filters, are made as the page makes them, and twice a second
the range is noted that the page would show. From the first tenth of the time on, printed is the share of the moments at
which what was really left lay within a factor of 1.5 of the range's middle, and the worst factor. The last ten seconds
do not count: "10 seconds left" may be said at 4, and nobody is misled.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path

from benchmarks.worker_start import instructions
from filterviz.analysis.estimate import Estimator
from filterviz.service import budget
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.storage.bundled import FOLDER, BundledPatterns
from filterviz.ui.progress import amount
from filterviz.ui.view import EVERY, View

FACTOR, SETTLED, LAST_SECONDS = 1.5, 0.1, 10.0
EXAMPLES = [FOLDER / name for name in ("cats_and_dogs/cats_and_dogs.h5", "digits/digits.zip", "shapes/shapes.zip")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", default=EXAMPLES)
    print(f"instructions of this processor: {', '.join(instructions())}")
    for path in parser.parse_args().models:
        print(f"{path.name}: {measured(path)}", flush=True)


def measured(path: Path) -> str:
    """Make a network's walls, and compare what was foretold with what it took."""
    with tempfile.TemporaryDirectory() as place, Workspace(Settings(cache_dir=Path(place), workers=1)) as workspace:
        workspace.bundled = BundledPatterns(Path(place) / "none")  # nothing is there already
        model = workspace.open(path)
        view = View(overview=True, count=EVERY).fitted(model.spec)
        requests = [view.request(index, model.spec) for index in view.layers]
        tile_work = [budget.work(model.spec, request) for request in requests]
        job = workspace.start(model, requests)
        estimator, seen = Estimator(), []
        began = time.monotonic()
        while not (state := job.wait(0.5)).status.over:
            now = time.monotonic()
            done, total = amount(tile_work, state.layers, [0] * len(requests))
            left = estimator.left(now, done, total)
            seen.append((now - began, None if left is None else math.sqrt(left[0] * left[1])))
        took = time.monotonic() - began
    factors = [
        max(middle / (took - at), (took - at) / middle)
        for at, middle in seen
        if middle and SETTLED * took < at < took - LAST_SECONDS
    ]
    first = next((at for at, middle in seen if middle), took)
    if not factors:
        return f"took {took:.0f} s; nothing was foretold"
    within = sum(factor <= FACTOR for factor in factors) / len(factors)
    return (
        f"took {took:.0f} s; first foretold after {first:.1f} s; within a factor of {FACTOR} at {within:.0%} of "
        f"{len(factors)} moments, worst {max(factors):.2f}"
    )


if __name__ == "__main__":
    main()
