"""What is known or assumed about a file before the graph of its network is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is known or assumed about a file before its graph is built.

    Attributes:
        archive: Whether the file is a ``.keras`` archive.
        unreadable: Why layers cannot be rebuilt whose arrays are not what they should be, by name.
        sizes_after_start: Whether the size of an image is believed where the network is entered after unknown code.
        channels_after_start: How many channels an image has there; ``None`` for as many as before.
        inputs_first: Inputs whose channels are known to be first or last in the file, and which. The channels of the
            others lie where those of the first layer lie that says so.
    """

    archive: bool = False
    unreadable: Mapping[str, str] = field(default_factory=dict)
    sizes_after_start: bool = True
    channels_after_start: int | None = None
    inputs_first: Mapping[str, bool] = field(default_factory=dict)
