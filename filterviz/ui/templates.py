"""HTML made by Jinja2 from the templates beside this module. Every value is escaped."""

from __future__ import annotations

from pathlib import Path

import jinja2

from filterviz.spec.names import plain

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["plain"] = plain
"""For names from files: what could reorder, hide or break lines is replaced, and the length is bounded."""


def render(template: str, macro: str, *values: object, **named: object) -> str:
    """Render one macro of a template.

    Args:
        template: Name of the file, such as ``blocks.html``.
        macro: Name of the macro in it.
        values: What the macro takes.
        named: What the macro takes by name.

    Example:
        >>> render("blocks.html", "line", '<img src=x onerror="alert(1)">')
        '<div class="fv-model">&lt;img src=x onerror=&#34;alert(1)&#34;&gt;</div>'
    """
    return str(getattr(_ENVIRONMENT.get_template(template).module, macro)(*values, **named)).strip()
