"""The versions that decide what may be reused: those of the program, of its engine and of its reader."""

from __future__ import annotations

__version__ = "0.1.0"

ENGINE_VERSION = 2
"""Part of every key in the pattern store. Raise it whenever the engine comes to draw another pattern.

Another instance of the same pattern, as another processor draws it too, is no other pattern: as long as ``python -m
filterviz atlas check`` finds the filters excited as much as by the stored patterns, those remain valid.
"""

READER_VERSION = 2
"""Part of every key in the pattern store. Raise it when a file comes to be rebuilt as another network than before.

Patterns of a network that was rebuilt wrongly must not be shown as patterns of that network. The bundled patterns do
not depend on it: their networks are rebuilt as they were.
"""
