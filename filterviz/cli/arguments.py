"""Arguments that several commands share: which model, and how its patterns are made."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filterviz.service.model import VGG16, Model
from filterviz.service.workspace import Workspace
from filterviz.spec import PixelRange, Precision, Recipe
from filterviz.spec.names import printable
from filterviz.spec.recipes import DEFAULT_RECIPE, OBJECTIVES, PICTURES, RECIPES


class Parser(argparse.ArgumentParser):
    """A parser that raises ``BrokenPipeError`` when nobody reads its help; argparse ignores that error."""

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write("\n".join(map(printable, message.split("\n"))))


def model_arguments() -> Parser:
    """``MODEL``, ``--as`` and ``--json``."""
    parser = Parser(add_help=False)
    parser.add_argument(
        "model", metavar="MODEL", help="a Keras file (.h5, .hdf5, .keras, or a .zip with one in it), or vgg16"
    )
    parser.add_argument(
        "--as",
        dest="architecture",
        metavar="NETWORK",
        help="open a file of bare weights as this network of keras.applications (the refusal of the file names it)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def open_model(workspace: Workspace, name: str, architecture: str | None) -> Model:
    """Open the model that ``MODEL`` or ``OTHER`` names: VGG16, or a file."""
    if name == VGG16:
        return workspace.reference()
    return workspace.open(Path(name), architecture=architecture)


def recipe_arguments() -> Parser:
    """The options that say how patterns are made, with the registered recipes and objectives as choices."""
    parser = Parser(add_help=False)
    parser.add_argument("--recipe", default=DEFAULT_RECIPE.name, choices=list(RECIPES), help="how they are made")
    parser.add_argument("--size", type=int, metavar="PX", help="side of a tile in pixels")
    parser.add_argument("--steps", type=int, metavar="N", help="steps of gradient ascent")
    parser.add_argument(
        "--objective",
        choices=list(OBJECTIVES),
        help="what to look for: " + "; ".join(f"{name}, {meaning}" for name, meaning in OBJECTIVES.items()),
    )
    parser.add_argument(
        "--pictures",
        type=int,
        choices=PICTURES,
        metavar="N",
        help="different images of each filter, in one tile: " + ", ".join(map(str, PICTURES)),
    )
    parser.add_argument("--seed", type=int, metavar="S", help="of the start images")
    parser.add_argument(
        "--pixel-range",
        default=PixelRange.AUTO,
        type=PixelRange,
        choices=list(PixelRange),
        metavar="RANGE",
        help="the pixel values the model was trained on: " + ", ".join(PixelRange),
    )
    parser.add_argument(
        "--precision",
        default=Precision.AUTO,
        type=Precision,
        choices=list(Precision),
        metavar="FORMAT",
        help="of the computation: " + ", ".join(Precision),
    )
    return parser


def recipe_from(options: argparse.Namespace) -> Recipe:
    """The recipe that the options of :func:`recipe_arguments` describe."""
    return RECIPES[options.recipe].with_(
        size=options.size,
        steps=options.steps,
        seed=options.seed,
        objective=options.objective,
        pictures=options.pictures,
    )


def join_pixel_range(arguments: Sequence[str]) -> list[str]:
    """Join ``--pixel-range -1-1`` with an equals sign, because argparse would take ``-1-1`` for an option.

    Example:
        >>> join_pixel_range(["--pixel-range", "-1-1", "--json"])
        ['--pixel-range=-1-1', '--json']
    """
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--pixel-range":
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def filter_numbers(text: str) -> tuple[int, ...]:
    """Parse ``--filters``: ``0-3,7`` as numbers, and an empty tuple for ``all``.

    Raises:
        argparse.ArgumentTypeError: The text is neither.

    Example:
        >>> filter_numbers("0-3,7")
        (0, 1, 2, 3, 7)
    """
    if text == "all":
        return ()
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})(?:-(\d{1,6}))?\s*", part)
        if not match or int(match[2] or match[1]) < int(match[1]):
            message = f"{text!r} does not say which filters: write 0-24, or 3,7, or all"
            raise argparse.ArgumentTypeError(message)
        numbers.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(dict.fromkeys(numbers))
