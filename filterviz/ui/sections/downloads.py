"""What a visitor can take away: all tiles with their numbers, a report that opens offline, a figure for a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from filterviz.export import document, run_folder
from filterviz.export.registry import EXPORTS, Export
from filterviz.spec import Pattern
from filterviz.spec.names import markdown_safe
from filterviz.ui.i18n import _, speaker
from filterviz.ui.session import Session
from filterviz.ui.text import remarks
from filterviz.ui.wall import ShownWall, WallPair

_CODES = {"en": "en", "zh": "zh-CN"}


def offer(session: Session, pairs: Sequence[WallPair]) -> None:
    """The buttons, behind one; each makes its file when it is pressed, of what is finished by then."""
    mine = partial(report_data, session, pairs)
    other = next((pair.its for pair in pairs if pair.its is not None), None)
    with st.popover(_("Save"), icon=":material/download:", key=f"save-{session.view.token}"):
        for export in EXPORTS:
            _button(export, mine, pairs[0].mine.model.name, _(export.label))
            if export.label_of_other and other is not None:
                label = _(export.label_of_other).format(side=markdown_safe(other.side))
                _button(export, lambda: mine().others, other.model.name, label)


def _button(export: Export, data: Callable[[], document.ReportData], model: str, label: str) -> None:
    st.download_button(
        label,
        data=lambda: export.make(data()),
        file_name=export.file_name(model),
        mime=export.media_type,
        on_click="ignore",
        icon=f":material/{export.icon}:",
    )


def report_data(session: Session, pairs: Sequence[WallPair]) -> document.ReportData:
    """The walls of a page as they are now, with what is said about them."""
    rows = []
    for pair in pairs:
        mine, its = pair.mine, pair.its
        here = mine.state(session)
        said = [remarks.lesson(mine.layer, here)]
        beside = None
        if its is not None:
            there = its.state(session)
            beside = _document_wall(its, there.patterns)
            said.append(remarks.pairing(mine.layer, its.layer, here, there))
        third = None if pair.third is None else _document_wall(pair.third, pair.third.state(session).patterns)
        words = [sentence for sentence in said if sentence]
        rows.append(document.Row(_document_wall(mine, here.patterns), beside, words, third=third))
    walls = [wall for pair in pairs for wall in pair.walls]
    models = list({wall.model.identity: wall.model.describe() for wall in walls}.values())
    say = speaker()
    licences = document.licences(models, say)
    return document.ReportData(rows, models, run_folder.versions(), licences, say, _CODES[session.language])


def _document_wall(wall: ShownWall, patterns: Mapping[int, Pattern]) -> document.Wall:
    labels = wall.model.spec.labels(wall.layer.name)
    return document.Wall(wall.side, wall.layer, wall.request, patterns, labels)
