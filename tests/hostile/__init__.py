"""Files meant to hurt, each built by a few lines of code, with the refusal it must get.

``containers``: files that are not what they claim, archives that unfold. ``arrays``: HDF5 that points elsewhere or
declares more than there is. ``configs``: architectures that carry code, name foreign objects, ask for the impossible.
``operations``: operations on tensors with arguments beyond measure.
"""

from tests.hostile import arrays, configs, containers, operations
from tests.hostile.table import TABLE, Hostile

__all__ = ["TABLE", "Hostile", "arrays", "configs", "containers", "operations"]
