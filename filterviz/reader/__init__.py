"""From bytes to a :class:`~filterviz.spec.ModelSpec`: nothing in a file is executed, everything is checked."""

from filterviz.reader.opened import OpenedModel, open_model

__all__ = ["OpenedModel", "open_model"]
