"""How well :mod:`filterviz.analysis.similarity` tells tiles apart, on the tiles that come with the program.

    python -m benchmarks.similarity [--walls FOLDER]

*Halves*: the left and the right half of a tile are two samples of one texture. For each half of a wall of 64 tiles the
64 other halves are ranked by similarity. Reported are the percentage for which the half of the same tile comes first,
in both directions, and its mean rank. Chance is 1.6 %. Simpler measures are reported for comparison: the mean colour,
the histogram of colours, and the pixels themselves.

*Changed*: the same tile, shifted cyclically by random amounts, cropped to its central 64 pixels, or with both sides in
grey, is searched for in the whole wall; so is a tile of the demo network at epoch 20 in its finished wall, and a
``classic`` tile of VGG16 in the ``natural`` wall.

*Convincing*: how near a tile must be to be marked as similar. The rule, decided before it was measured: nearer than 99
in 100 pairs of different filters of one layer of VGG16, the median over its layers. For comparison: how many pairs of
halves of one tile are as near.

*Order*: the distance between neighbours, relative to their distance in the network's own order.

``--walls`` saves the sorted walls, which read down the columns, and tiles of the demo network, each with its three most
similar tiles of VGG16 to its right.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filterviz.analysis.seriation import order
from filterviz.analysis.similarity import descriptor, distances, most_similar
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Request
from filterviz.storage.bundled import BundledPatterns

Tile = NDArray[np.uint8]
Measure = Callable[[Tile], NDArray[np.float32]]

WALL = 64

DEMO = "cats_and_dogs"
PAIRS = (("conv2d_1", "block1_conv1"), ("conv2d_2", "block2_conv2"), ("conv2d_3", "block3_conv1"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--walls", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    bundled = BundledPatterns()
    layers = list(dict.fromkeys(s.layer for s in bundled.models["vgg16"].sheets if s.recipe.name == "natural"))
    speed(tiles(bundled, "vgg16", "block3_conv1"))
    halves(bundled, layers)
    changed(bundled, layers)
    convincing(bundled, layers)
    rows(bundled, layers)
    if arguments.walls:
        arguments.walls.mkdir(parents=True, exist_ok=True)
        walls(bundled, layers, arguments.walls)


def speed(wall: Sequence[Tile]) -> None:
    descriptor(wall[0])
    start = time.process_time()
    found = [descriptor(tile) for tile in wall]
    taken = (time.process_time() - start) / len(wall)
    many = np.concatenate([np.roll(found, shift, axis=1) for shift in range(8)])
    start = time.process_time()
    order(distances(many, many))
    print(
        f"a descriptor of a tile of {wall[0].shape[0]} px: {taken * 1e3:.1f} ms of processor time,"
        f" {len(found[0])} numbers; the order of {len(many)}: {time.process_time() - start:.2f} s\n"
    )


def halves(bundled: BundledPatterns, layers: Sequence[str]) -> None:
    measures: dict[str, Measure] = {"ours": descriptor, "colour": mean_colour, "histogram": histogram, "pixels": pixels}
    print(f"{'halves':14}" + "".join(f"{name:>12}" for name in (*measures, "ours: rank")))
    table = []
    for layer in layers:
        wall = tiles(bundled, "vgg16", layer)
        middle = wall[0].shape[1] // 2
        line = []
        for name, measure in measures.items():
            left, right = (described(part, measure) for part in split(wall, middle))
            ranks = np.concatenate([ranks_of_own(left, right), ranks_of_own(right, left)])
            line.append(100 * float((ranks == 1).mean()))
            if name == "ours":
                rank = float(ranks.mean())
        table.append([*line, rank])
        print(f"{layer:14}" + "".join(f"{value:11.0f}%" for value in line) + f"{rank:12.1f}")
    means = np.mean(table, axis=0)
    print(f"{'mean':14}" + "".join(f"{value:11.1f}%" for value in means[:-1]) + f"{means[-1]:12.1f}\n")


def changed(bundled: BundledPatterns, layers: Sequence[str]) -> None:
    random = np.random.default_rng(0)
    changes: dict[str, Callable[[Tile], Tile]] = {
        "rolled": lambda tile: np.roll(tile, random.integers(1, tile.shape[0], 2), (0, 1)),
        "middle 64": lambda tile: tile[32:96, 32:96],
    }
    print(f"{'changed':14}" + "".join(f"{name:>12}" for name in (*changes, "grey")))
    for layer in layers:
        wall = tiles(bundled, "vgg16", layer)
        whole = described(wall)
        line = [
            (ranks_of_own(described([change(tile) for tile in wall]), whole) == 1).mean() for change in changes.values()
        ]
        grey = [tile.mean(axis=2, keepdims=True).round().astype(np.uint8) for tile in wall]
        left, right = (described(part) for part in split(grey, 64))
        line.append((ranks_of_own(left, right) == 1).mean())
        print(f"{layer:14}" + "".join(f"{100 * value:11.0f}%" for value in line))
    for layer in ("conv2d_1", "conv2d_2", "conv2d_3", "conv2d_4"):
        early = described(tiles(bundled, f"{DEMO}-epoch-020", layer))
        report(f"{DEMO} {layer}: epoch 20 in the finished wall", early, described(tiles(bundled, DEMO, layer)))
    for block in range(1, 6):
        layer = f"block{block}_conv1"
        classic = described(tiles(bundled, "vgg16", layer, recipe="classic"))
        report(f"VGG16 {layer}: classic in the natural wall", classic, described(tiles(bundled, "vgg16", layer)))
    print()


def convincing(bundled: BundledPatterns, layers: Sequence[str]) -> None:
    nearest, halves_near = [], []
    for layer in layers:
        wall = tiles(bundled, "vgg16", layer)
        found = described(wall)
        nearest.append(float(np.quantile(distances(found, found)[np.triu_indices(len(found), 1)], 0.01)))
    within = float(np.median(nearest))
    for layer in layers:
        wall = tiles(bundled, "vgg16", layer)
        left, right = (described(part) for part in split(wall, wall[0].shape[1] // 2))
        halves_near.append(float((np.diagonal(distances(left, right)) <= within).mean()))
    print(
        f"convincing: within {within:.2f} (by layer {min(nearest):.2f} to {max(nearest):.2f});"
        f" so are {100 * np.mean(halves_near):.0f} % of the halves of one tile\n"
    )


def report(what: str, mine: NDArray[np.float32], others: NDArray[np.float32]) -> None:
    ranks = ranks_of_own(mine, others)
    print(
        f"{what}: first {100 * (ranks == 1).mean():.0f} %, in the first five {100 * (ranks <= 5).mean():.0f} %,"
        f" median rank {np.median(ranks):.0f} of {len(others)}"
    )


def rows(bundled: BundledPatterns, layers: Sequence[str]) -> None:
    for layer in layers:
        found = described(tiles(bundled, "vgg16", layer))
        apart = distances(found, found)
        row = order(apart)
        before, after = (np.diagonal(apart[np.ix_(r, r)], 1).mean() for r in (range(len(found)), row))
        print(f"{layer:14} neighbours {before:.2f} apart, ordered {after:.2f} ({100 * after / before:.0f} %)")


def walls(bundled: BundledPatterns, layers: Sequence[str], folder: Path) -> None:
    for name, layer in [*(("vgg16", layer) for layer in layers), *((DEMO, mine) for mine, _ in PAIRS)]:
        wall = tiles(bundled, name, layer)
        looks = described(wall)
        picture = contact_sheet.wall([wall[index] for index in order(distances(looks, looks))])
        (folder / f"sorted-{name}-{layer}.png").write_bytes(png.encode(picture))
    for mine, other in PAIRS:
        wall, others = tiles(bundled, DEMO, mine), tiles(bundled, "vgg16", other, limit=2 * WALL)
        looks = described(wall)
        found = most_similar(looks, described(others))
        lines = [
            [wall[index], *(others[o] for o in found[index])]
            for index in order(distances(looks, looks))[:: len(wall) // 16]
        ]
        # A wall is filled down the columns, and each of these lines is to go across.
        block = [tile for part in (lines[:8], lines[8:16]) for column in zip(*part, strict=True) for tile in column]
        (folder / f"relatives-{mine}-{other}.png").write_bytes(png.encode(contact_sheet.wall(block)))


def tiles(bundled: BundledPatterns, name: str, layer: str, recipe: str = "natural", limit: int = WALL) -> list[Tile]:
    model = bundled.models[name]
    found = []
    for part in model.sheets:
        if (part.layer, part.recipe.name) == (layer, recipe):
            for channel in range(part.first, part.last + 1):
                pattern = model.find(Request(layer, (channel,), part.recipe), channel)
                assert pattern is not None
                found.append(pattern.tile)
    return found[:limit]


def described(wall: Sequence[Tile], measure: Measure = descriptor) -> NDArray[np.float32]:
    return np.stack([measure(tile) for tile in wall])


def split(wall: Sequence[Tile], middle: int) -> tuple[list[Tile], list[Tile]]:
    return [tile[:, :middle] for tile in wall], [tile[:, middle:] for tile in wall]


def ranks_of_own(mine: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each of mine, the rank (from 1) of the one with the same number among the others."""
    apart = distances(mine, others)
    own = apart[np.arange(len(mine)), np.arange(len(mine))]
    return 1 + (apart < own[:, None]).sum(axis=1)


def mean_colour(tile: Tile) -> NDArray[np.float32]:
    return tile.mean(axis=(0, 1)).astype(np.float32)


def histogram(tile: Tile) -> NDArray[np.float32]:
    """Square roots of the frequencies of 4 x 4 x 4 colours."""
    colours = (tile // 64).reshape(-1, 3) @ np.array([16, 4, 1])
    return np.sqrt(np.bincount(colours, minlength=64) / len(colours)).astype(np.float32)


def pixels(tile: Tile) -> NDArray[np.float32]:
    return tile.ravel().astype(np.float32)


if __name__ == "__main__":
    main()
