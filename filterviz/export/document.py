"""Walls beside each other, as a report or a figure shows them: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from filterviz.spec import Json, LayerSpec, Pattern, Request
from filterviz.spec.names import LONGEST_NAME, plain


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """One layer of one network.

    Attributes:
        side: what to call the network.
        layer: which.
        request: what was asked of it.
        patterns: the finished tiles by filter; some may be missing.
        labels: what each of the layer's filters stands for, where it is an output of the network and that is known.
    """

    side: str
    layer: LayerSpec
    request: Request
    patterns: Mapping[int, Pattern]
    labels: Sequence[str] = ()

    def label(self, channel: int, longest: int = LONGEST_NAME) -> str:
        """What a filter stands for, made harmless and of bounded length; empty where that is not known."""
        return plain(self.labels[channel], longest) if channel < len(self.labels) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One layer's wall, alone or with one beside it.

    Attributes:
        mine: the wall of the network that it is about.
        its: the wall beside it.
        remarks: sentences about the two.
    """

    mine: Wall
    its: Wall | None = None
    remarks: Sequence[str] = ()

    @property
    def walls(self) -> tuple[Wall, ...]:
        """One wall or two."""
        return (self.mine,) if self.its is None else (self.mine, self.its)


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """All that goes into one report or figure.

    Attributes:
        rows: from the first layer to the last.
        models: the networks that take part, as ``Model.describe()`` gives them.
        versions: of what computed the pictures.
        licences: what must be said of where a network comes from.
    """

    rows: Sequence[Row]
    models: Sequence[Mapping[str, Json]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    licences: Sequence[str] = ()
