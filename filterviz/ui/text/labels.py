"""What a filter is called: its number, and its class where it is an output of the network."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.spec import ModelSpec
from filterviz.spec.names import plain

LONGEST_LABEL = 40
"""How many characters of a class's name are shown."""


def label_of(spec: ModelSpec, layer: str, channel: int) -> str:
    """The class that a filter stands for, where it is an output of the network and has one; else empty."""
    return label(spec.labels(layer), channel)


def label(labels: Sequence[str], channel: int) -> str:
    """The class of a filter among those of its layer, made harmless; empty where it has none."""
    return plain(labels[channel], LONGEST_LABEL) if channel < len(labels) else ""


def named(channel: int, name: str = "") -> str:
    """A filter's number, with its class where that is known.

    Example:
        >>> named(3), named(0, "Cat")
        ('3', '0 (Cat)')
    """
    return f"{channel} ({name})" if name else str(channel)
