"""What a visitor can take away: all tiles with their numbers, a report that opens offline, a figure for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from filterviz.export import document, run_folder
from filterviz.export.registry import EXPORTS, Export
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
    if not any(mine.look(desk).patterns for mine, _its in pairs):
        return
    data = gathered(desk, pairs)
    other = next((its for _mine, its in pairs if its is not None and its.look(desk).patterns), None)
    with st.container(key="takeaway", horizontal=True):
        for export in EXPORTS:
            _button(export, data, pairs[0][0].model.name, _(export.label))
            if export.label_of_other and other is not None:
                _button(export, data.others, other.model.name, _(export.label_of_other).format(side=other.side))


def _button(export: Export, data: document.ReportData, model: str, label: str) -> None:
    st.download_button(
        label,
        data=partial(export.make, data),
        file_name=export.file_name(model),
        mime=export.media_type,
        on_click="ignore",
        icon=f":material/{export.icon}:",
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
    say = speaker()
    licences = document.licences(models, say)
    return document.ReportData(rows, models, run_folder.versions(), licences, say, _CODES.get(language(), "en"))


def _spread_wall(wall: Wall, patterns: Mapping[int, Pattern]) -> document.Wall:
    labels = wall.model.spec.labels(wall.layer.name)
    return document.Wall(wall.side, wall.layer, wall.request, patterns, labels)
