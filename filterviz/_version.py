"""The version of the program, and those of its engine and reader, which decide what the pattern store may reuse."""

from __future__ import annotations

__version__ = "0.1.0"

ENGINE_VERSION = 2
"""Part of every key in the pattern store. Raise it whenever the engine starts to make different patterns.

A different instance of the same pattern, such as another processor makes, does not count as a different pattern.
Stored patterns stay valid as long as ``python -m filterviz atlas check`` finds that new tiles excite their filters as
much as the bundled ones.
"""

READER_VERSION = 2
"""Part of every key in the pattern store. Raise it whenever the reader rebuilds some file as a different network.

Patterns of a network that was rebuilt wrongly must not be shown as patterns of that file. The bundled patterns do not
depend on this version, because their networks are rebuilt as before.
"""

FRESH_WEIGHTS_VERSION = 2
"""Part of every key of an untrained copy. Raise it when fresh weights come to be drawn otherwise than before.

Version 1 drew scales and slopes of some layers as if they were kernels.
"""
