"""Taking a file from a visitor, and giving Streamlit's copy of it back at once."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from filterviz.errors import FiltervizError
from filterviz.service.server import Server
from filterviz.storage.uploads import Upload
from filterviz.ui import address, blocks
from filterviz.ui.components import undelivered
from filterviz.ui.i18n import _
from filterviz.ui.view import View

_FIELD_STATE = "doormat"


@dataclass(slots=True)
class UploadFieldState:
    """What the upload fields of a visitor leave for the next run.

    Attributes:
        turn: of the fields; in each turn they are new ones, and empty: the old ones would go on holding the bytes.
        problem: why the last file could not be kept, with the field it came in through and the token of the page.
    """

    turn: int = 0
    problem: tuple[str, str, FiltervizError] | None = None


def ask(desk: Server, view: View, visitor: str) -> None:
    """An upload field; a file that comes in is kept, and the page starts again with it.

    It takes any ending: what a file is, its first bytes say.
    """
    label = _("Drop or choose a network: .h5, .hdf5, .keras or .zip, up to {size:.0f} MB").format(
        size=desk.settings.upload_bytes / 1e6
    )

    def shown(upload: Upload) -> View:
        desk.leave(visitor)
        return View(token=upload.token, language=view.language)

    _take(desk, view, label, "upload", shown)


def ask_other(desk: Server, view: View) -> None:
    """An upload field for a second network, to stand beside the first.

    Args:
        desk: keeps the file.
        view: the page as it is; it starts again with the file beside it.
    """
    label = _("Drop or choose the other network")
    _take(desk, view, label, "upload-other", lambda upload: replace(view, other=upload.token, beside={}))


def _take(desk: Server, view: View, label: str, name: str, shown: Callable[[Upload], View]) -> None:
    """A field, and what becomes of a file that comes in through it: it is shown, or the visitor hears why not.

    Args:
        desk: keeps the file.
        view: the page as it is.
        label: of the field.
        name: of the field.
        shown: the page with the file. Nothing in it may reach for Streamlit.
    """
    doormat: UploadFieldState = st.session_state.setdefault(_FIELD_STATE, UploadFieldState())
    way = address.way()
    turn = doormat.turn
    with st.container(key=f"intake-{name}"):
        given = st.file_uploader(label, type=None, key=f"{name}-{turn}")
        undelivered.explain(desk.settings.upload_bytes / 1e6, key=f"undelivered-{name}-{turn}")
    if given is None:
        # This run may have taken the place of the one that the file came in with, while that was still keeping it.
        address.follow()
        if doormat.problem is not None and doormat.problem[:2] == (name, view.token):
            blocks.problem(doormat.problem[2])
        return
    # Streamlit may end a run wherever it is reached for: from here on nowhere, until it is settled what is shown.
    there = view
    doormat.problem = None
    try:
        # A stream of its own, though not a copy: a run that is being ended may still be reading the other.
        there = shown(desk.uploads.keep(given.name, io.BytesIO(given.getvalue())))
        way.lead(there)
    except FiltervizError as error:
        doormat.problem = (name, view.token, error)
    doormat.turn = turn + 1
    _release(given)
    address.go(there)


def _release(given: UploadedFile) -> None:
    """Drop the bytes that Streamlit keeps in memory for as long as the visitor stays.

    Its own chat input does the same; a manager of another kind is left alone.
    """
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=given.file_id)
