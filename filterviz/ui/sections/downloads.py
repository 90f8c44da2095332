"""What a visitor can take away: all tiles with their numbers, a report that opens offline, a figure for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from filterviz.export import document, html_report, paper_figure, run_folder
from filterviz.export.filenames import slug
from filterviz.service.server import Server
from filterviz.spec import Pattern
from filterviz.ui import text
from filterviz.ui.i18n import _, language, speaker
from filterviz.ui.wall import Wall

_CODES = {"en": "en", "zh": "zh-CN"}


def offer(desk: Server, pairs: Sequence[tuple[Wall, Wall | None]]) -> None:
    """The buttons; each makes its file when it is pressed.

    Args:
        desk: where the work is done.
        pairs: the walls of the page, each with the one beside it.
    """
    mine = [pair[0] for pair in pairs]
    others = list({item.request: item for _one, item in pairs if item is not None}.values())
    if not any(item.look(desk).patterns for item in mine):
        return
    name = slug(mine[0].model.name)
    all_of_it = gathered(desk, pairs)
    say, spoken = speaker(), _CODES.get(language(), "en")
    with st.container(key="takeaway", horizontal=True):
        st.download_button(
            _("Save the report (.html)"),
            data=partial(html_report.report, all_of_it, say, spoken),
            file_name=f"{name}_report.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/article:",
        )
        _zip(desk, mine, _("Save your tiles (.zip)"))
        if others:
            _zip(desk, others, _("Save the tiles of {side} (.zip)").format(side=others[0].side))
        figures: tuple[tuple[paper_figure.Kind, str], ...] = (
            ("pdf", _("Figure for a paper (.pdf)")),
            ("svg", _("Figure (.svg)")),
        )
        for kind, label in figures:
            st.download_button(
                label,
                data=partial(paper_figure.figure, all_of_it, kind),
                file_name=f"{name}_figure.{kind}",
                mime="application/pdf" if kind == "pdf" else "image/svg+xml",
                on_click="ignore",
                icon=":material/image:",
            )


def gathered(desk: Server, pairs: Sequence[tuple[Wall, Wall | None]]) -> document.ReportData:
    """The walls of a page as they are now, with what is said about them.

    Args:
        desk: where the work is done.
        pairs: the walls of the page, each with the one beside it.
    """
    rows = []
    for mine, its in pairs:
        here = mine.look(desk)
        remarks = [text.lesson(mine.layer, here)]
        beside = None
        if its is not None:
            there = its.look(desk)
            beside = _spread_wall(its, there.patterns)
            remarks.append(text.pairing(mine.layer, its.layer, here, there))
        said = [remark for remark in remarks if remark]
        rows.append(document.Row(_spread_wall(mine, here.patterns), beside, said))
    walls = [wall for pair in pairs for wall in pair if wall is not None]
    models = list({wall.model.identity: wall.model.describe() for wall in walls}.values())
    return document.ReportData(rows, models, run_folder.versions(), html_report.licences(models, speaker()))


def _spread_wall(wall: Wall, patterns: Mapping[int, Pattern]) -> document.Wall:
    labels = wall.model.spec.labels(wall.layer.name)
    return document.Wall(wall.side, wall.layer, wall.request, patterns, labels)


def _zip(desk: Server, walls: Sequence[Wall], label: str) -> None:
    """All finished tiles with their numbers."""
    results = [(item.request, item.look(desk).patterns) for item in walls]
    model = walls[0].model
    if any(patterns for _request, patterns in results):
        st.download_button(
            label,
            data=partial(run_folder.run_zip, model.describe(), results),
            file_name=f"{slug(model.name)}_patterns.zip",
            mime="application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
        )
