"""Every file that a comparison can be saved as. To add one, write its function and add a row to ``EXPORTS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from filterviz.export import html_report, paper_figure, run_folder
from filterviz.export.document import ReportData, Say
from filterviz.export.filenames import slug

say: Say = str
"""Marks a label for translation. The page translates it when it shows it."""


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of file.

    Attributes:
        name: Its name, which also stands in the names of the files.
        ending: The ending of the files, without a dot.
        media_type: The media type (RFC 6838).
        icon: The icon of its button, from Material Symbols.
        label: The text of its button, to be translated.
        make: Makes the content of a file.
        label_of_other: The text of the button for the other network alone, with ``{side}`` for that network's name.
            Empty if a file holds both networks.
    """

    name: str
    ending: str
    media_type: str
    icon: str
    label: str
    make: Callable[[ReportData], bytes]
    label_of_other: str = ""

    def file_name(self, model: str) -> str:
        """The name of a file about a network.

        Example:
            >>> EXPORTS[0].file_name("cats & dogs")
            'cats___dogs_report.html'
        """
        return f"{slug(model)}_{self.name}.{self.ending}"


EXPORTS = (
    Export("report", "html", "text/html", "article", say("Save the report (.html)"), html_report.report),
    Export(
        "patterns",
        "zip",
        "application/zip",
        "folder_zip",
        say("Save your tiles (.zip)"),
        run_folder.tiles_zip,
        label_of_other=say("Save the tiles of {side} (.zip)"),
    ),
    Export(
        "figure",
        "pdf",
        "application/pdf",
        "image",
        say("Figure for a paper (.pdf)"),
        partial(paper_figure.figure, kind="pdf"),
    ),
    Export("figure", "svg", "image/svg+xml", "image", say("Figure (.svg)"), partial(paper_figure.figure, kind="svg")),
)
"""The exports in the order of their buttons."""
