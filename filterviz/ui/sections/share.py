"""A button that copies the link to what is shown, and says for how long it leads there."""

from __future__ import annotations

from filterviz.ui.components import share
from filterviz.ui.i18n import _
from filterviz.ui.session import Session
from filterviz.ui.text import quantities


def offer(session: Session) -> None:
    """The button."""
    uploads, view = session.server.uploads, session.view
    kept = ""
    if any(token and uploads.find(token) is not None for token in (view.token, view.other)):
        time = quantities.duration(session.server.settings.kept_upload_seconds)
        kept = _("It works until nobody has looked at the file for {time}.").format(time=time)
    share.mount(kept, key="share")
