"""Files meant to hurt, each built by a few lines of code, with the refusal it must get.

``containers``: files that are not what they claim, archives that unfold. ``bundles``: archives around a model.
``arrays``: HDF5 that points elsewhere or declares more than there is. ``configs``: architectures that carry code,
name foreign objects, ask for the impossible. ``operations``: operations on tensors with arguments beyond measure.
``packed``: quantised, adapted, wrapped and shared layers whose arrays or marks are not what they say.
"""

from tests.hostile import arrays, bundles, configs, containers, operations, packed
from tests.hostile.table import TABLE, Hostile

__all__ = ["TABLE", "Hostile", "arrays", "bundles", "configs", "containers", "operations", "packed"]
