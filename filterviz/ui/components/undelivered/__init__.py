"""A Streamlit component (Components v2) that says below the upload field why a file did not arrive.

A file that a proxy turns away never reaches this program, so nothing here could say anything: Streamlit's field shows a
red sign, and "Request failed with status code 403" to those who point at it. The component reads what the field says in
the browser, and shows the sentence that belongs to it.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from filterviz.ui.i18n import _

HERE = Path(__file__).parent


def explain(megabytes: float, key: str) -> None:
    """Say why a file did not arrive, once one did not. The component must share a container with the upload field.

    Args:
        megabytes: The size of the largest file that the page takes.
        key: Key of the component, which no other on the page has.
    """
    _UNDELIVERED(data={"sentences": sentences(megabytes)}, key=key)


def sentences(megabytes: float) -> dict[str, list[str]]:
    """What went wrong and what to do, by what the field says.

    Args:
        megabytes: The size of the largest file that the page takes.

    Returns:
        Two sentences each: for ``refused`` (status 401 and 403, as where a proxy keeps the cookies back), ``proxy``
        (status 413: a proxy lets no body of this size pass), ``limit`` (the field itself takes no file so large), and
        ``lost`` (anything else).
    """
    return {
        "refused": [
            _("The file did not arrive: it was refused between your browser and this page."),
            _(
                "Allow cookies for this page, reload it and try again. If that does not help, tell the operator of "
                "the page that the proxy in front of it must pass cookies on."
            ),
        ],
        "proxy": [
            _("The file did not arrive: a proxy between your browser and this page takes no file so large."),
            _(
                "Tell the operator of the page that the proxy in front of it must accept {size:.0f} MB. Without the "
                "optimizer's state the file is about a third as large: include_optimizer=False."
            ).format(size=megabytes),
        ],
        "limit": [
            _("The file is larger than {size:.0f} MB, the most this page takes.").format(size=megabytes),
            _("Save it without the optimizer's state, which makes it about a third as large: include_optimizer=False."),
        ],
        "lost": [
            _("The file did not arrive: it was lost between your browser and this page."),
            _("Reload the page and try again, or try from another network."),
        ],
    }


_UNDELIVERED = st.components.v2.component(
    "filterviz_undelivered",
    html='<div class="fv-undelivered"></div>',
    js=(HERE / "undelivered.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # its sentences look as all others of the page
)
