"""How many filters of a network respond to their own pattern, layer by layer, and which do not.

    python -m benchmarks.every_filter VGG16_WEIGHTS.h5 --as vgg16 --size 64 --steps 24
    python -m benchmarks.every_filter MODEL.h5 --filters 25

For every convolution, patterns of all its filters or of the first ones are made with ``natural``, in the precision that
this machine chooses. A filter responds if the mean of its output after the ReLU is above zero.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from filterviz.analysis.layer_matching import convolutions
from filterviz.engine.engine import Engine
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import RECIPES, Flag, Pattern, Request


def main() -> None:
    usual = RECIPES["natural"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--as", dest="architecture", help="the network that a file of bare weights is opened as")
    parser.add_argument("--filters", type=int, help="of each layer; all if left out")
    parser.add_argument("--size", type=int, default=usual.size)
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--layers", help="begin with this; all if left out", default="")
    arguments = parser.parse_args()
    recipe = usual.with_(size=arguments.size, steps=arguments.steps)
    everything = silent = 0
    with open_model(arguments.model, Settings(), arguments.architecture) as model:
        for layer in convolutions(model.spec):
            if not layer.name.startswith(arguments.layers):
                continue
            filters = tuple(range(min(layer.channels or 0, arguments.filters or layer.channels or 0)))
            began = time.perf_counter()
            made = [
                item
                for item in Engine(model, Settings()).run(Request(layer.name, filters, recipe))
                if isinstance(item, Pattern)
            ]
            dumb = [item.filter for item in made if Flag.SILENT in item.flags]
            print(
                f"{layer.name:24}{len(made) - len(dumb):6} of {len(made):4} respond, "
                f"{time.perf_counter() - began:6.0f} s{'  no response: ' if dumb else ''}{', '.join(map(str, dumb))}",
                flush=True,
            )
            everything, silent = everything + len(made), silent + len(dumb)
    print(f"{everything - silent} of {everything} respond, {silent} do not")


if __name__ == "__main__":
    main()
