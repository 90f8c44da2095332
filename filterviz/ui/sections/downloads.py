"""What a visitor can take away: all tiles with their numbers, a report that opens offline, a figure for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from filterviz.export import document, html_report, paper_figure, run_folder
from filterviz.export.filenames import slug
from filterviz.spec import Pattern
from filterviz.ui.i18n import _, speaker
from filterviz.ui.session import Session
from filterviz.ui.text import remarks
from filterviz.ui.wall import ShownWall, WallPair

_CODES = {"en": "en", "zh": "zh-CN"}


def offer(session: Session, pairs: Sequence[WallPair]) -> None:
    """The buttons; each makes its file when it is pressed."""
    mine = [pair.mine for pair in pairs]
    others = list({pair.its.request: pair.its for pair in pairs if pair.its is not None}.values())
    if not any(wall.state(session).patterns for wall in mine):
        return
    name = slug(mine[0].model.name)
    data = report_data(session, pairs)
    with st.container(key="takeaway", horizontal=True):
        st.download_button(
            _("Save the report (.html)"),
            data=partial(html_report.report, data, speaker(), _CODES[session.language]),
            file_name=f"{name}_report.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/article:",
        )
        _zip(session, mine, _("Save your tiles (.zip)"))
        if others:
            _zip(session, others, _("Save the tiles of {side} (.zip)").format(side=others[0].side))
        _figure(data, "pdf", name, _("Figure for a paper (.pdf)"))
        _figure(data, "svg", name, _("Figure (.svg)"))


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
        rows.append(document.Row(_document_wall(mine, here.patterns), beside, [words for words in said if words]))
    walls = [wall for pair in pairs for wall in (pair.mine, pair.its) if wall is not None]
    models = list({wall.model.identity: wall.model.describe() for wall in walls}.values())
    return document.ReportData(rows, models, run_folder.versions(), html_report.licences(models, speaker()))


def _document_wall(wall: ShownWall, patterns: Mapping[int, Pattern]) -> document.Wall:
    labels = wall.model.spec.labels(wall.layer.name)
    return document.Wall(wall.side, wall.layer, wall.request, patterns, labels)


def _zip(session: Session, walls: Sequence[ShownWall], label: str) -> None:
    """A button for all finished tiles of one network with their numbers."""
    results = [(wall.request, wall.state(session).patterns) for wall in walls]
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


def _figure(data: document.ReportData, kind: paper_figure.Kind, name: str, label: str) -> None:
    st.download_button(
        label,
        data=partial(paper_figure.figure, data, kind),
        file_name=f"{name}_figure.{kind}",
        mime="application/pdf" if kind == "pdf" else "image/svg+xml",
        on_click="ignore",
        icon=":material/image:",
    )
