"""How long a figure of 150 tiles takes: three pairs of walls, from the tiles that come with the program.

    python -m benchmarks.figures [--folder FOLDER]

PDF and SVG may take five seconds each, also while something is being computed. As a measure of the machine, the same
walls are saved as PNG in between. ``--folder`` keeps the figures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from benchmarks.worker_start import instructions
from filterviz.export import run_folder
from filterviz.export.document import ReportData, Row, Wall
from filterviz.export.paper_figure import Kind, figure
from filterviz.spec import DEFAULT_RECIPE, Request
from filterviz.storage.bundled import BundledPatterns

PAIRS = (("conv2d_1", "block1_conv1"), ("conv2d_2", "block2_conv1"), ("conv2d_3", "block3_conv1"))
KINDS: tuple[Kind, ...] = ("pdf", "svg")
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    bundled = BundledPatterns()
    rows = [
        Row(wall(bundled, "cats_and_dogs", mine, "cats & dogs"), wall(bundled, "vgg16", its, "VGG16"))
        for mine, its in PAIRS
    ]
    data = ReportData(rows, [], {"filterviz": "benchmark"}, [])
    print(f"instructions of this processor: {', '.join(instructions())}")
    figure(data, "svg")  # imports Matplotlib
    for kind in KINDS:
        taken, walls = [], []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            drawn = figure(data, kind)
            middle = time.perf_counter()
            for row in rows:
                for each in row.walls:
                    run_folder.wall_of(each.request, each.patterns)
            taken.append(middle - start)
            walls.append(time.perf_counter() - middle)
        ratio = statistics.median(one / other for one, other in zip(taken, walls, strict=True))
        print(f"{kind}: {statistics.median(taken):.1f} s (5 allowed), {ratio:.1f} times as long as the walls as PNG")
        if options.folder is not None:
            options.folder.mkdir(parents=True, exist_ok=True)
            (options.folder / f"figure.{kind}").write_bytes(drawn)


def wall(bundled: BundledPatterns, name: str, layer: str, side: str) -> Wall:
    """A wall of 25 tiles that come with the program."""
    model, request = bundled.models[name], Request(layer, tuple(range(25)), DEFAULT_RECIPE)
    found = {channel: model.find(request, channel) for channel in request.filters}
    return Wall(side, model.spec.layer(layer), request, {at: one for at, one in found.items() if one is not None})


if __name__ == "__main__":
    main()
