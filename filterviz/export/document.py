"""The content of an export, as plain data: walls, what is said about them, and how they were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from filterviz.spec import Json, LayerSpec, Pattern, Request
from filterviz.spec.names import LONGEST_NAME, plain
from filterviz.storage.vgg16 import vgg16_licence

Say = Callable[[str], str]
"""Translates a sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """The patterns of one layer of one network.

    Attributes:
        side: The name of the network to show.
        layer: The layer.
        request: The request that the patterns answer.
        patterns: The finished patterns by filter; some may be missing.
        labels: The classes that the layer's filters stand for, if it is an output of the network and they are known.
    """

    side: str
    layer: LayerSpec
    request: Request
    patterns: Mapping[int, Pattern]
    labels: Sequence[str] = ()

    def label(self, channel: int, longest: int = LONGEST_NAME) -> str:
        """The class that a filter stands for, made harmless and at most ``longest`` characters long; may be empty."""
        return plain(self.labels[channel], longest) if channel < len(self.labels) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """The wall of one layer, alone or with another wall beside it.

    Attributes:
        mine: The wall of the network that the export is about.
        its: The wall beside it.
        remarks: Sentences about the two.
        differences: The conditions under which the two were made differently, a phrase for each.
        third: A wall beside these two.
    """

    mine: Wall
    its: Wall | None = None
    remarks: Sequence[str] = ()
    differences: Sequence[str] = ()
    third: Wall | None = None

    @property
    def walls(self) -> tuple[Wall, ...]:
        """The walls that there are, from left to right."""
        return tuple(wall for wall in (self.mine, self.its, self.third) if wall is not None)


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """Everything that goes into one export.

    Attributes:
        rows: The walls, from the first layer to the last.
        models: The networks as ``Model.describe()`` gives them: the one that the export is about, then the other one.
        versions: The versions of the software that computed the patterns.
        licences: The attributions that the licences of the networks ask for.
        say: Translates a sentence into the reader's language.
        language: That language as an HTML language code.
    """

    rows: Sequence[Row]
    models: Sequence[Mapping[str, Json]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    licences: Sequence[str] = ()
    say: Say = str
    language: str = "en"

    @property
    def others(self) -> Self:
        """The same export about the other network alone; without rows if there is none."""
        return replace(
            self,
            rows=[Row(row.its) for row in self.rows if row.its is not None],
            models=self.models[1:2] or self.models,
        )


def licences(models: Sequence[Mapping[str, Json]], say: Say = str) -> list[str]:
    """The attributions that the licences of networks ask for.

    Args:
        models: The networks as ``Model.describe()`` gives them.
        say: Translates a sentence.
    """
    return [vgg16_licence(say)] if any(model.get("architecture") == "vgg16" for model in models) else []
