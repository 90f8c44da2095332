"""A report of a comparison: one HTML file that any browser opens without a connection to the internet.

The template ``report_template.html`` escapes everything that is filled in. Before that, names and sentences are made
harmless plain text of bounded length.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from filterviz.export.document import ReportData, Say, Wall
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Flag, Json, LayerSpec, Pattern, WallOrder
from filterviz.spec.names import plain

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The browser's content security policy for the report: its own images and style, and nothing else."""

LONGEST_NAME = 60
"""Characters of a network's name that are shown."""

LONGEST_SENTENCE = 2000
"""Characters of a sentence that are shown."""

FOLDER = Path(__file__).parent


def report(data: ReportData) -> bytes:
    """The whole report in UTF-8.

    It holds every image and needs nothing else: no script runs in it, and the browser fetches nothing.
    """
    say = data.say
    names = _names(data.models)
    heads = (say("Filter"), say("Response at the start"), say("Response at the end"), say("Remark"), say("Seed"))
    page = _template().render(
        language=data.language,
        policy=POLICY,
        title=say("Patterns of {networks}").format(networks=say(" and ").join(names) or "a network"),
        style=Markup((FOLDER / "report.css").read_text(encoding="utf-8")),
        lead=_lead(say),
        models=[_model(model, name, say) for model, name in zip(data.models, names, strict=True)],
        rows=[
            {
                "walls": [_wall(wall, say) for wall in row.walls],
                "remarks": [plain(remark, LONGEST_SENTENCE) for remark in row.remarks],
            }
            for row in data.rows
        ],
        all_numbers=say("All numbers"),
        heads=heads,
        conditions=[plain(line, LONGEST_SENTENCE) for line in _conditions(data)],
    )
    return page.encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report_template.html")


def _lead(say: Say) -> str:
    return say(
        "Each tile is the pattern that activates one filter of a layer most. It shows what the filter responds to, not "
        "how the network decides. A filter that is never active responded to no image we tried."
    )


def _names(models: Sequence[Mapping[str, Json]]) -> list[str]:
    """What to call each network, so that no two are called the same."""
    names = [plain(str(model.get("name", "")), LONGEST_NAME) for model in models]
    return [
        name if names.count(name) == 1 else f"{name} ({str(model.get('sha256', ''))[:8]})"
        for name, model in zip(names, models, strict=True)
    ]


def _model(model: Mapping[str, Json], name: str, say: Say) -> dict[str, Any]:
    """A network: its name, its facts as pairs of term and value, and the notes about it."""
    shape = model.get("input_shape")
    facts = {
        say("Input"): "x".join(say("any") if side is None else str(side) for side in shape[1:]) if shape else "",
        say("Weights"): f"{model.get('parameters') or 0:,}",
        "Keras": str(model.get("keras_version") or ""),
        say("Pixel values"): str(model.get("pixel_range") or ""),
        "SHA-256": str(model.get("sha256") or ""),
    }
    return {
        "name": name,
        "facts": [(term, plain(value)) for term, value in facts.items() if value],
        "notes": [plain(str(note), LONGEST_SENTENCE) for note in model.get("notes") or ()],
    }


def _wall(wall: Wall, say: Say) -> dict[str, Any]:
    order = wall.request.recipe.spec.wall_order
    rows, columns = contact_sheet.shape(max(1, len(wall.request.filters)), order)
    count = say("{number} filters").format(number=wall.layer.channels or 0)
    return {
        "side": plain(wall.side, LONGEST_NAME),
        "layer": plain(wall.layer.name),
        "about": f"{count} · {_sees(wall.layer, say)}",
        "rows": rows,
        "columns": columns,
        "by_rows": order is WallOrder.ROWS,
        "tiles": [
            _tile(channel, wall.label(channel), wall.patterns.get(channel), say) for channel in wall.request.filters
        ],
    }


def _sees(layer: LayerSpec, say: Say) -> str:
    """How large a part of the image one value of a layer depends on."""
    sees = say("sees the whole image")
    if layer.receptive_field is not None:
        sees = say("sees {pixels} pixels across").format(pixels=layer.receptive_field)
    if layer.gated:
        sees = say("{line}; a gate over the whole image weighs its channels").format(line=sees)
    return sees


def _tile(channel: int, label: str, pattern: Pattern | None, say: Say) -> dict[str, Any]:
    """A tile: its caption, the words that stand for it where it cannot be seen, its PNG and its row of numbers."""
    which = f"{channel} ({label})" if label else str(channel)
    caption = " · ".join(filter(None, [str(channel), label]))
    if pattern is None:
        return {"caption": caption, "words": say("No image yet of filter {filter}").format(filter=which), "png": ""}
    silent = Flag.SILENT in pattern.flags
    words = say("No pattern: filter {filter} is never active") if silent else say("Pattern of filter {filter}")
    height, width = pattern.tile.shape[:2]
    flags = ", ".join(flag.value for flag in pattern.flags)
    return {
        "caption": caption,
        "words": words.format(filter=which),
        "png": base64.b64encode(png.encode(pattern.tile)).decode(),
        "width": width,
        "height": height,
        "silent": say("never active") if silent else "",
        "numbers": [_number(pattern.response_start), _number(pattern.response_end), flags, pattern.seed],
    }


def _conditions(data: ReportData) -> Iterator[str]:
    """How the patterns were made, and whose the networks are."""
    say = data.say
    if data.rows:
        recipe = data.rows[0].mine.request.recipe
        yield say("Recipe {name}: {steps} steps, tiles of {size} px, seed {seed}, looking for {objective}.").format(
            name=recipe.name, steps=recipe.steps, size=recipe.size, seed=recipe.seed, objective=recipe.objective
        )
        if recipe.pictures > 1:
            yield say("Each tile holds {number} different images.").format(number=recipe.pictures)
    if data.versions:
        yield ", ".join(f"{name} {version}" for name, version in data.versions.items())
    yield from data.licences


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"
