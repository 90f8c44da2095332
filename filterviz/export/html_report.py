"""A report of a comparison: one HTML file that opens anywhere, offline, for as long as there are browsers."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from filterviz.export.document import ReportData, Row, Wall
from filterviz.imaging import contact_sheet, png
from filterviz.spec import Flag, Json, Pattern
from filterviz.spec.names import plain

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser lets the report do: show the pictures and the style it brings with it, and nothing else."""

LONGEST_SENTENCE = 2000

Say = Callable[[str], str]


def report(spread: ReportData, say: Say = str, language: str = "en") -> bytes:
    """The whole report, in UTF-8.

    It holds every picture and needs nothing from outside: no script runs in it, and nothing is fetched.

    Args:
        spread: what it shows.
        say: puts a phrase into the reader's language.
        language: which that is, as HTML wants it.
    """
    names = [plain(str(model.get("name", "")), 60) for model in spread.models]
    title = say("What {networks} learned").format(networks=say(" and ").join(names) or "a network")
    body = [
        f"<h1>{_escaped(title)}</h1>",
        f'<p class="lead">{_escaped(_lead(say))}</p>',
        '<section class="models">',
        *(_model(model, say) for model in spread.models),
        "</section>",
        *(_row(row, say) for row in spread.rows),
        f"<footer>{_conditions(spread, say)}</footer>",
    ]
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    head = (
        f'<!doctype html>\n<html lang="{_escaped(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_escaped(title)}</title><style>{style}</style></head>"
    )
    return f"{head}<body><main>{''.join(body)}</main></body></html>\n".encode()


def _lead(say: Say) -> str:
    return say(
        "For every filter of a layer, the picture that excites it most. A picture shows what a filter answers to, not "
        "what the network decides by; a filter that stays silent answered to nothing that was tried."
    )


def _model(model: Mapping[str, Json], say: Say) -> str:
    shape = model.get("input_shape")
    size = "x".join(say("any") if side is None else str(side) for side in shape[1:]) if shape else ""
    facts = {
        say("Input"): size,
        say("Weights"): f"{model.get('parameters') or 0:,}",
        "Keras": str(model.get("keras_version") or ""),
        say("Pixel values"): str(model.get("pixel_range") or ""),
        "SHA-256": str(model.get("sha256") or ""),
    }
    rows = "".join(
        f"<dt>{_escaped(name)}</dt><dd>{_escaped(plain(value, 80))}</dd>" for name, value in facts.items() if value
    )
    notes = "".join(f"<p>{_escaped(plain(str(note), LONGEST_SENTENCE))}</p>" for note in model.get("notes") or ())
    return f"<article><h2>{_escaped(plain(str(model.get('name', '')), 60))}</h2><dl>{rows}</dl>{notes}</article>"


def _row(row: Row, say: Say) -> str:
    walls = "".join(_wall(wall, say) for wall in row.walls)
    remarks = "".join(f"<p>{_escaped(plain(remark, LONGEST_SENTENCE))}</p>" for remark in row.remarks)
    tables = "".join(_table(wall, say) for wall in row.walls)
    heading = _escaped(say("All numbers"))
    numbers = f"<details><summary>{heading}</summary><div class=walls>{tables}</div></details>"
    return f'<section class="row"><div class="walls">{walls}</div>{remarks}{numbers}</section>'


def _wall(wall: Wall, say: Say) -> str:
    rows, _columns = contact_sheet.shape(max(1, len(wall.request.filters)))
    tiles = "".join(
        _tile(channel, wall.label(channel), wall.patterns.get(channel), say) for channel in wall.request.filters
    )
    sees = say("sees the whole picture")
    if wall.layer.receptive_field is not None:
        sees = say("sees {pixels} px").format(pixels=wall.layer.receptive_field)
    if wall.layer.gated:
        sees = say("{line}; a gate over the whole picture weighs its channels").format(line=sees)
    count = say("{number} filters").format(number=wall.layer.channels or 0)
    return (
        f'<article><p class="side">{_escaped(plain(wall.side, 60))}</p><h3>{_escaped(plain(wall.layer.name))}</h3>'
        f'<p class="about">{_escaped(count)} · {_escaped(sees)}</p>'
        f'<div class="wall" style="--rows:{rows}">{tiles}</div></article>'
    )


def _tile(channel: int, label: str, pattern: Pattern | None, say: Say) -> str:
    which, caption = (f"{channel} ({label})" if label else str(channel)), _caption(channel, label)
    if pattern is None:
        missing = say("No picture yet of filter {filter}").format(filter=which)
        return f'<figure class="missing" aria-label="{_escaped(missing)}"><figcaption>{caption}</figcaption></figure>'
    silent = Flag.SILENT in pattern.flags
    words = say("No pattern: filter {filter} stays silent") if silent else say("Pattern of filter {filter}")
    data = base64.b64encode(png.encode(pattern.tile)).decode()
    height, width = pattern.tile.shape[:2]
    mark = " · " + _escaped(say("stays silent")) if silent else ""
    return (
        f'<figure{" class=silent" if silent else ""}><img src="data:image/png;base64,{data}" width="{width}" '
        f'height="{height}" alt="{_escaped(words.format(filter=which))}"><figcaption>{caption}{mark}</figcaption>'
        "</figure>"
    )


def _caption(channel: int, label: str) -> str:
    """A filter's number, and what it stands for where that is known, for HTML."""
    return _escaped(" · ".join(filter(None, [str(channel), label])))


def _table(wall: Wall, say: Say) -> str:
    heads = (say("Filter"), say("Response at the start"), say("Response at the end"), say("Remark"), say("Seed"))
    top = "".join(f"<th scope=col>{_escaped(head)}</th>" for head in heads)
    rows = "".join(
        f"<tr><td>{_caption(channel, wall.label(channel))}</td><td>{_number(pattern.response_start)}</td>"
        f"<td>{_number(pattern.response_end)}</td>"
        f"<td>{_escaped(', '.join(flag.value for flag in pattern.flags))}</td><td>{pattern.seed}</td></tr>"
        for channel in wall.request.filters
        if (pattern := wall.patterns.get(channel)) is not None
    )
    caption = f"{_escaped(plain(wall.side, 60))}: {_escaped(plain(wall.layer.name))}"
    return f"<table><caption>{caption}</caption><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"


def _conditions(spread: ReportData, say: Say) -> str:
    """How the pictures were made, and whose the networks are."""
    lines: list[str] = []
    if spread.rows:
        recipe = spread.rows[0].mine.request.recipe
        lines.append(
            say("Recipe {name}: {steps} steps, tiles of {size} px, seed {seed}, looking for {objective}.").format(
                name=recipe.name, steps=recipe.steps, size=recipe.size, seed=recipe.seed, objective=recipe.objective
            )
        )
        if recipe.pictures > 1:
            lines.append(say("Each tile holds {number} different pictures.").format(number=recipe.pictures))
    if spread.versions:
        lines.append(", ".join(f"{name} {version}" for name, version in spread.versions.items()))
    lines.extend(spread.licences)
    return "".join(f"<p>{_escaped(plain(line, LONGEST_SENTENCE))}</p>" for line in lines)


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"


def _escaped(words: str) -> str:
    return html.escape(words)


def vgg16_licence(say: Say = str) -> str:
    """What CC BY 4.0 asks of whoever shows VGG16's weights or what was made from them."""
    return say("VGG16's weights: Visual Geometry Group, University of Oxford, CC BY 4.0.")


def licences(models: Sequence[Mapping[str, Json]], say: Say = str) -> list[str]:
    """What must be said of where networks come from."""
    if any(model.get("architecture") == "vgg16" for model in models):
        return [vgg16_licence(say)]
    return []
