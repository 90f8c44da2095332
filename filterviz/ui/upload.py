"""Taking a file from a visitor, and giving Streamlit's copy of it back at once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from filterviz.errors import FiltervizError
from filterviz.ui import address, blocks
from filterviz.ui.desk import Desk
from filterviz.ui.i18n import _
from filterviz.ui.uploads import Upload
from filterviz.ui.view import View

_ROUND = "upload-round"


def ask(desk: Desk, view: View, visitor: str) -> None:
    """An upload field; a file that comes in is kept, and the page starts again with it.

    It takes any ending: what a file is, its first bytes say.
    """
    label = _("Drop or choose a network: .h5, .hdf5 or .keras, up to {size:.0f} MB").format(
        size=desk.settings.upload_bytes / 1e6
    )
    upload = _kept(desk, label, "upload")
    if upload is not None:
        desk.leave(visitor)
        address.go(View(token=upload.token, language=view.language))


def ask_other(desk: Desk, view: View) -> None:
    """An upload field for a second network, to stand beside the first.

    Args:
        desk: keeps the file.
        view: the page as it is; it starts again with the file beside it.
    """
    upload = _kept(desk, _("Drop or choose the other network"), "upload-other")
    if upload is not None:
        address.go(replace(view, other=upload.token, beside={}))


def _kept(desk: Desk, label: str, name: str) -> Upload | None:
    """The file that came in through a field, on our disk by now; a file that cannot be kept is answered here."""
    turn = st.session_state.setdefault(_ROUND, 0)
    given = st.file_uploader(label, type=None, key=f"{name}-{turn}")
    if given is None:
        return None
    try:
        upload = desk.uploads.keep(given.name, given)
    except FiltervizError as error:
        blocks.problem(error)
        return None
    finally:
        _release(given)
    # A new key makes an empty field: the old one would go on holding the bytes.
    st.session_state[_ROUND] = turn + 1
    return upload


def _release(given: UploadedFile) -> None:
    """Drop the bytes that Streamlit keeps in memory for as long as the visitor stays.

    Its own chat input does the same; a manager of another kind is left alone.
    """
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=given.file_id)
