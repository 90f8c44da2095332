"""Taking a file from a visitor, and giving Streamlit's copy of it back at once."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Sequence
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
from filterviz.ui.view import MOST_CHECKPOINTS, View

_FIELD_STATE = "upload-field"

MODEL_ENDINGS = (".h5", ".hdf5", ".keras", ".zip")
"""How the names of files end that people keep networks in."""

_DELETED = "deleted"
"""Where Streamlit's session state holds that files were deleted in the run before."""


@dataclass(slots=True)
class UploadFieldState:
    """What the upload fields of a visitor leave for the next run.

    Attributes:
        turn: Number of the fields' turn. In each turn they are new and empty: the old ones would keep the bytes.
        problem: Why the last file could not be kept, with the name of its field and the token of the page.
        taken: The files that came in last, by their receipts.
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

    def shown(uploads: Sequence[Upload]) -> View:
        session.server.walls.leave(session.visitor)
        tokens = tuple(upload.token for upload in uploads)
        files = tokens if len(tokens) > 1 else ()
        return View(token=_shown_first(uploads).token, checkpoints=files, language=session.view.language)

    _take(session, label, "upload", shown, several=True)
    blocks.quiet(_("Files of one training that are dropped together can be looked through with a slider."))
    _privacy(session)


def _shown_first(uploads: Sequence[Upload]) -> Upload:
    """The last file, where the training ended; but not a text file that was dropped with a network."""
    models = [upload for upload in uploads if upload.name.lower().endswith(MODEL_ENDINGS)]
    return (models or uploads)[-1]


def problem_of(view: View) -> FiltervizError | None:
    """Why not all files that were dropped together could be kept, on the page of the others."""
    state: UploadFieldState | None = st.session_state.get(_FIELD_STATE)
    found = None if state is None else state.problem
    return found[2] if found is not None and found[:2] == ("upload", view.token) and view.checkpoints else None


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

    def shown(uploads: Sequence[Upload]) -> View:
        return session.view.change(other=uploads[0].token, beside={})

    _take(session, _("Drop or choose the other network"), "upload-other", shown)


def _take(
    session: Session, label: str, name: str, shown: Callable[[Sequence[Upload]], View], *, several: bool = False
) -> None:
    """A field, and what becomes of files that come in through it: they are shown, or the visitor hears why not.

    Args:
        session: The visitor's page.
        label: Label of the field.
        name: Name of the field.
        shown: Gives what the page shows with the files, of which there is one at least, in the order of their names.
            Nothing in it may access Streamlit.
        several: Whether it takes several files at once.
    """
    state: UploadFieldState = st.session_state.setdefault(_FIELD_STATE, UploadFieldState())
    history = address.history()
    view, turn = session.view, state.turn
    with st.container(key=f"intake-{name}"):
        found = st.file_uploader(label, type=None, key=f"{name}-{turn}", accept_multiple_files=several)
        undelivered.explain(session.server.settings.upload_bytes / 1e6, key=f"undelivered-{name}-{turn}")
    given = found if isinstance(found, list) else [] if found is None else [found]
    if not given:
        # This run may have taken the place of the one that the file came in with, while that was still keeping it.
        address.follow()
        if state.problem is not None and state.problem[:2] == (name, view.token):
            blocks.problem(state.problem[2])
        return
    # Streamlit may end a run wherever it is accessed: so it is not, until it is settled what is shown.
    following = view
    state.problem = None
    kept, problem = _keep_all(session, state, given)
    if kept:
        following = shown(kept)
        history.leave_for(following)
    if problem is not None:
        state.problem = (name, following.token, problem)
    state.turn = turn + 1
    for file in given:
        streamlit_private.release(file)
    address.go(following)


def _keep_all(
    session: Session, state: UploadFieldState, given: Sequence[streamlit_private.GivenFile]
) -> tuple[list[Upload], FiltervizError | None]:
    """Keep files that came in together, in the order of their names; and why not all of them, if so."""
    kept: list[Upload] = []
    problem: FiltervizError | None = None
    for file in sorted(given, key=lambda file: natural_order(file.name))[:MOST_CHECKPOINTS]:
        try:
            kept.append(_keep(session, state, file.name, file))
        except FiltervizError as error:
            problem = problem or error
    if len(given) > MOST_CHECKPOINTS:
        problem = BadRequest(
            f"{MOST_CHECKPOINTS} files at most can be looked through at once. The first ones are here."
        )
    return kept, problem


def natural_order(name: str) -> list[tuple[bool, int, str]]:
    """A key to sort names by as a person would: ``epoch-2`` before ``epoch-10``.

    Example:
        >>> sorted(["e10.h5", "e2.h5", "a"], key=natural_order)
        ['a', 'e2.h5', 'e10.h5']
    """
    parts = re.findall(r"([0-9]{1,18})|([^0-9]+)", name.casefold())
    return [(not number, int(number or 0), text) for number, text in parts]


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
            while len(state.taken) >= MOST_CHECKPOINTS:
                del state.taken[next(iter(state.taken))]
            state.taken[receipt] = uploads.adopt(name, received, session.person)
        return state.taken[receipt]
