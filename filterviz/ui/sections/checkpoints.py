"""Several files of one training, dropped together: a slider to look through them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from filterviz.spec.names import markdown_safe, plain
from filterviz.storage.uploads import Upload
from filterviz.ui import address, blocks, upload_field
from filterviz.ui.i18n import _
from filterviz.ui.session import Session
from filterviz.ui.view import View


def show(session: Session) -> None:
    """The slider, where several files were dropped, and why not all of them are there, where that is so."""
    view = session.view
    problem = upload_field.problem_of(view)
    if problem is not None:
        blocks.problem(problem, note=True)
    files = {upload.token: upload for upload in found(session)}
    if len(files) < 2 or view.token not in files:
        return
    names = dict(zip(files, short_names([upload.name for upload in files.values()]), strict=True))
    # One slider for all of them, which keeps the focus: it stands where the address says, also after a step back.
    key = f"checkpoints-{'-'.join(files)}"
    st.session_state[key] = view.token
    st.select_slider(
        _("File, in the order of the names"),
        list(files),
        format_func=lambda token: markdown_safe(names[token]),
        key=key,
        on_change=_look_at,
        args=(view, key),
    )


def _look_at(view: View, key: str) -> None:
    """Go to the chosen file; the one that was looked at takes its place where the chosen one stood beside it."""
    chosen = st.session_state[key]
    address.put(view.change(token=chosen, other=view.token if view.other == chosen else view.other))


def found(session: Session) -> list[Upload]:
    """The files that were dropped together and are still here, in their order."""
    uploads = (session.server.uploads.find(token) for token in session.view.checkpoints)
    return [upload for upload in uploads if upload is not None]


def short_names(names: Sequence[str]) -> list[str]:
    """Names of files without what all of them begin and end with, as far as that leaves something of each.

    Example:
        >>> short_names(["model-01.h5", "model-02.h5", "model-10.h5"])
        ['01', '02', '10']
        >>> short_names(["model.h5", "model-best.h5"])
        ['model.h5', 'model-best.h5']
    """
    begin = _shared(names)
    end = _shared([name[begin:][::-1] for name in names])
    short = [plain(name[begin : len(name) - end], 40) for name in names]
    return short if all(short) else [plain(name, 40) for name in names]


def _shared(names: Sequence[str]) -> int:
    """How many characters all names begin with; a number is not cut in two."""
    shared = 0
    for characters in zip(*names, strict=False):
        if len(set(characters)) > 1:
            break
        shared += 1
    while shared and names[0][shared - 1].isdigit():
        shared -= 1
    return shared
