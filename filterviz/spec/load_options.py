"""How a file is opened, which is a part of what a network is known by."""

from __future__ import annotations

from dataclasses import dataclass

from filterviz._version import FRESH_WEIGHTS_VERSION


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is opened. Together with the file's bytes it identifies a network.

    Attributes:
        architecture: The ``keras.applications`` network that a file of bare weights is opened as, in small letters;
            ``None`` for a file that describes its network.
        untrained: The seed of fresh weights that take the place of the file's, for the same network before any
            training; ``None`` for the weights of the file.
    """

    architecture: str | None = None
    untrained: int | None = None

    def identity(self, sha256: str) -> str:
        """Return the name of a network in the store: the sha256 of its file, and how it differs from what that holds.

        Args:
            sha256: SHA-256 of the file, in hexadecimal digits.

        Example:
            >>> LoadOptions().identity("f00d"), LoadOptions("vgg16").identity("f00d")
            ('f00d', 'f00d:vgg16')
            >>> LoadOptions(untrained=0).identity("f00d")
            'f00d:untrained-0-v2'
        """
        fresh = None if self.untrained is None else f"untrained-{self.untrained}-v{FRESH_WEIGHTS_VERSION}"
        return ":".join(filter(None, [sha256, self.architecture, fresh]))


DEFAULT_LOAD = LoadOptions()
"""Opens a file that describes its network, with the weights that it was trained to."""
