"""Taking a file from a visitor, and giving Streamlit's copy of it back at once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from filterviz.errors import BadRequest, FiltervizError
from filterviz.storage.uploads import Upload
from filterviz.ui import address, blocks, streamlit_private
from filterviz.ui.components import undelivered
from filterviz.ui.i18n import _
from filterviz.ui.intake import incoming, receipt_in
from filterviz.ui.session import Session
from filterviz.ui.text import quantities
from filterviz.ui.view import View

_FIELD_STATE = "upload-field"

_DELETED = "deleted"
"""Where Streamlit's session state holds that files were deleted in the run before."""


@dataclass(slots=True)
class UploadFieldState:
    """What the upload fields of a visitor leave for the next run.

    Attributes:
        turn: Number of the fields' turn. In each turn they are new and empty: the old ones would keep the bytes.
        problem: Why the last file could not be kept, with the name of its field and the token of the page.
        taken: The last file that came in, by its receipt.
        lock: Held while a file is taken.
    """

    turn: int = 0
    problem: tuple[str, str, FiltervizError] | None = None
    taken: dict[str, Upload] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def ask(session: Session) -> None:
    """An upload field; a file that comes in is kept, and the page starts again with it.

    It takes any ending: what a file is, its first bytes say.
    """
    label = _("Drop or choose a network: .h5, .hdf5, .keras or .zip, up to {size:.0f} MB").format(
        size=session.server.settings.upload_bytes / 1e6
    )

    def shown(upload: Upload) -> View:
        session.server.walls.leave(session.visitor)
        return View(token=upload.token, language=session.view.language)

    _take(session, label, "upload", shown)
    _privacy(session)


def _privacy(session: Session) -> None:
    """How long files are kept, and a way to have them deleted now."""
    kept = quantities.duration(session.server.settings.kept_upload_seconds)
    blocks.quiet(
        _(
            "Your file stays on the machine that runs this page until nobody has looked at it for {time}. Only whoever "
            "has its address can see it."
        ).format(time=kept)
    )
    if st.session_state.pop(_DELETED, False):
        blocks.quiet(_("Your files and what was made of them alone have been deleted."))
    if session.server.uploads.count_of(session.person) and st.button(
        _("Delete my files now"), key=f"delete-{session.view.token}", type="tertiary", icon=":material/delete:"
    ):
        with st.spinner(_("Deleting …")):
            session.server.delete_files_of(session.person)
        st.session_state[_DELETED] = True
        address.go(View(language=session.view.language))


def ask_other(session: Session) -> None:
    """An upload field for a second network; the page starts again with it beside the first."""

    def shown(upload: Upload) -> View:
        return session.view.change(other=upload.token, beside={})

    _take(session, _("Drop or choose the other network"), "upload-other", shown)


def _take(session: Session, label: str, name: str, shown: Callable[[Upload], View]) -> None:
    """A field, and what becomes of a file that comes in through it: it is shown, or the visitor hears why not.

    Args:
        session: The visitor's page.
        label: Label of the field.
        name: Name of the field.
        shown: Gives what the page shows with the file. Nothing in it may access Streamlit.
    """
    state: UploadFieldState = st.session_state.setdefault(_FIELD_STATE, UploadFieldState())
    history = address.history()
    view, turn = session.view, state.turn
    with st.container(key=f"intake-{name}"):
        given = st.file_uploader(label, type=None, key=f"{name}-{turn}")
        undelivered.explain(session.server.settings.upload_bytes / 1e6, key=f"undelivered-{name}-{turn}")
    if given is None:
        # This run may have taken the place of the one that the file came in with, while that was still keeping it.
        address.follow()
        if state.problem is not None and state.problem[:2] == (name, view.token):
            blocks.problem(state.problem[2])
        return
    # Streamlit may end a run wherever it is accessed: so it is not, until it is settled what is shown.
    following = view
    state.problem = None
    try:
        following = shown(_keep(session, state, given.name, given))
        history.leave_for(following)
    except FiltervizError as error:
        state.problem = (name, view.token, error)
    state.turn = turn + 1
    streamlit_private.release(given)
    address.go(following)


def _keep(session: Session, state: UploadFieldState, name: str, given: io.BytesIO) -> Upload:
    """Keep a file that came in, once.

    It has been written to the disk where the guard stands before the page; otherwise it is here.
    """
    uploads, content = session.server.uploads, given.getvalue()
    if not (receipt := receipt_in(content)):
        # A stream of its own, though not a copy: a run that is being ended may still be reading the other.
        return uploads.keep(name, io.BytesIO(content), session.person)
    with state.lock:  # a run that is being ended may have taken it
        if receipt not in state.taken:
            received = incoming().take(receipt)
            if received is None:
                raise BadRequest("The file is no longer here, because too much time has passed. Upload it again.")
            state.taken = {receipt: uploads.adopt(name, received, session.person)}
        return state.taken[receipt]
