"""How the time and the memory of ``natural`` grow with the number of tiles, their size and the depth of the layer.

    python -m benchmarks.growth VGG16_WEIGHTS.h5 [--out growth.svg] [--repeats 3]

From one point (``block3_conv1``, 25 tiles of 64 pixels) each of the three is changed on its own. Every point is
computed in its own process, so that its peak of resident memory is its own; the memory that TensorFlow and the open
file take before the first step is printed beside it. Times are medians over repeats of whole runs after compilation,
finished tiles included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import escape

TILES = (1, 2, 4, 8, 16, 25, 32, 48, 64)
SIZES = (32, 48, 64, 96, 128, 160, 192, 224)
DEPTH = tuple(
    f"block{block}_conv{conv}" for block, convs in enumerate((2, 2, 3, 3, 3), 1) for conv in range(1, convs + 1)
)


@dataclass(frozen=True, slots=True)
class Point:
    """What is computed: the number of tiles, their size in pixels, and the layer."""

    layer: str = "block3_conv1"
    tiles: int = 25
    size: int = 64


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds per step, all tiles together; resident memory in MiB before the first step and at its peak."""

    seconds: float
    before: float
    peak: float


@dataclass(frozen=True, slots=True)
class Series:
    """A series in which one quantity changes: the points, their names, and their positions on the axis."""

    title: str
    points: tuple[Point, ...]
    names: tuple[str, ...]
    positions: tuple[float, ...]


SERIES = (
    Series("tiles", tuple(Point(tiles=count) for count in TILES), tuple(map(str, TILES)), TILES),
    Series("size in pixels", tuple(Point(size=size) for size in SIZES), tuple(map(str, SIZES)), SIZES),
    Series(
        "depth",
        tuple(Point(layer=layer) for layer in DEPTH),
        tuple(layer.removeprefix("block").replace("_conv", ".") for layer in DEPTH),
        tuple(range(len(DEPTH))),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, help="where to write the plot")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--thin", type=int, default=1, help="only every so many points, and the last")
    parser.add_argument("--point", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point:
        point = Point(**json.loads(arguments.point))
        print(json.dumps(asdict(measured(point, arguments.weights, arguments.steps, arguments.repeats))))
        return

    known: dict[Point, Found] = {}
    shown = [thinned(series, arguments.thin) for series in SERIES]
    for series in shown:
        print(f"\n{series.title:16}{'ms a step':>10}{'and tile':>11}{'MiB at peak':>13}{'before':>8}")
        for point, name in zip(series.points, series.names, strict=True):
            if point not in known:
                known[point] = in_own_process(point, sys.argv[1:])
            found = known[point]
            times = f"{1000 * found.seconds:10.1f}{1000 * found.seconds / point.tiles:11.2f}"
            print(f"{name:16}{times}{found.peak:13.0f}{found.before:8.0f}", flush=True)
    if arguments.out:
        arguments.out.write_text(plot(shown, known), encoding="utf-8")


def thinned(series: Series, every: int) -> Series:
    chosen = sorted({*range(0, len(series.points), every), len(series.points) - 1})
    return Series(
        series.title,
        tuple(series.points[index] for index in chosen),
        tuple(series.names[index] for index in chosen),
        tuple(series.positions[index] for index in chosen),
    )


def in_own_process(point: Point, options: Sequence[str]) -> Found:
    command = [sys.executable, "-m", "benchmarks.growth", *options, "--point", json.dumps(asdict(point))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Found(**json.loads(done.stdout.splitlines()[-1]))


def measured(point: Point, weights: Path, steps: int, repeats: int) -> Found:
    """Measure a point in a new process."""
    from filterviz.engine.engine import Engine
    from filterviz.reader import open_model
    from filterviz.settings import Settings
    from filterviz.spec import Recipe, Request

    with open_model(weights, Settings(), "vgg16") as model:
        engine = Engine(model, Settings())
        before = resident("VmRSS")
        request = Request(point.layer, tuple(range(point.tiles)), Recipe("natural", size=point.size, steps=steps))
        times = []
        for _ in range(repeats + 1):
            began = time.perf_counter()
            for _ in engine.run(request):
                pass
            times.append(time.perf_counter() - began)
    # The first run compiled.
    return Found(statistics.median(times[1:]) / steps, before, resident("VmHWM"))


def resident(field: str) -> float:
    """Memory in MiB from ``/proc``; ``getrusage`` would count the memory of the parent too."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(field)


# ---------------------------------------------------------------------------------------------------------------- plot

WIDTH, HEIGHT = 300, 170
LEFT, TOP, RIGHT, BOTTOM = 62, 34, 18, 44
TIME, MEMORY = "#1f6f8b", "#b5541c"


def plot(shown: Sequence[Series], known: dict[Point, Found]) -> str:
    """Draw time above and memory below, with one column for each quantity that was changed."""
    cell_width, cell_height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    parts = []
    for column, series in enumerate(shown):
        found = [known[point] for point in series.points]
        milliseconds, mebibytes = [1000 * one.seconds for one in found], [one.peak for one in found]
        for row, (unit, values, colour) in enumerate(
            [("ms a step", milliseconds, TIME), ("MiB at peak", mebibytes, MEMORY)]
        ):
            moved = f'<g transform="translate({column * cell_width + LEFT} {row * cell_height + TOP})">'
            parts += [moved, *panel(series, values, f"{unit} by {series.title}", colour), "</g>"]
    width, height = cell_width * len(shown), cell_height * 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="11" fill="#333">',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def panel(series: Series, values: Sequence[float], title: str, colour: str) -> list[str]:
    """Draw one curve; both axes begin at zero, so that growth is shown in proportion."""
    furthest = max(series.positions) or 1
    step = tick(max(values))
    ticks = [step * count for count in range(int(max(values) / step) + 2)]

    def across(position: float) -> float:
        return WIDTH * position / furthest

    def up(value: float) -> float:
        return HEIGHT * (1 - value / ticks[-1])

    drawn = [f'<text x="0" y="-14" font-size="12" font-weight="bold">{escape(title)}</text>']
    for value in ticks:
        drawn.append(f'<path d="M0 {up(value):.1f}H{WIDTH}" stroke="#ddd"/>')
        drawn.append(f'<text x="-6" y="{up(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    written = -100.0
    for position, name in zip(series.positions, series.names, strict=True):
        drawn.append(f'<path d="M{across(position):.1f} {HEIGHT}v4" stroke="#333"/>')
        # A name that would run into the one before is left out; its tick stays.
        if across(position) - written >= 22:
            written = across(position)
            drawn.append(f'<text x="{written:.1f}" y="{HEIGHT + 18}" text-anchor="middle">{escape(name)}</text>')
    corners = [(across(position), up(value)) for position, value in zip(series.positions, values, strict=True)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in corners]
    return drawn


def tick(largest: float) -> float:
    """A round step of which the largest value has four to ten."""
    power = 1.0
    while power * 10 <= largest:
        power *= 10
    while power > largest:
        power /= 10
    return next(power * share for share in (1, 0.5, 0.2) if largest / (power * share) >= 4)


if __name__ == "__main__":
    main()
