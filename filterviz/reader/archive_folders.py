"""Where ``.keras`` archives keep each layer's arrays: in a folder named after its class, numbered within its model.

Keras's savers walk the models in order and never write a layer twice. The arrays of a layer that two models share lie
in the folder of the first; in the second there is no folder for it. How the folders after it are numbered differs
between the savers (``saving/saving_lib.py``, ``_save_container_state``), so the rule of each is tried and the one that
fits the file is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product

from filterviz.reader.hdf5 import Array, Hdf5
from filterviz.reader.records import Branch, Record

ROOTS = ("layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables")

HOLDERS = (("vars", "activation/vars"), ("cell/vars",), ("forward_layer/cell/vars", "backward_layer/cell/vars"))
"""Where below a layer's folder its arrays may lie."""

MOST_ARRAYS = 64
"""More arrays than any layer has."""

MOST_LEFT_OVER = 256
"""How many folders that belong to no layer are counted."""

Folders = dict[int, str]
"""Folder of each layer, by the index of its record."""


def snake_case(name: str) -> str:
    """The class name as ``.keras`` archives write it, by the rule of ``keras.utils.naming.to_snake_case``.

    Example:
        >>> snake_case("Conv2DTranspose"), snake_case("LSTM"), snake_case("BatchNormalization")
        ('conv2d_transpose', 'lstm', 'batch_normalization')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def folders_of(weights: Hdf5, branches: Sequence[Branch], records: Sequence[Record], keras_version: str) -> Folders:
    """The folder of each layer, as the saver that wrote the file would have named it.

    Args:
        weights: The file with the arrays.
        branches: The layers of the outermost model.
        records: All layers.
        keras_version: Version that the file states; of the rules that fit equally well, its own is taken.

    Returns:
        Folders, some of which may not exist: a layer that needs arrays and has none there is missing.
    """
    best: tuple[int, int] | None = None
    found: Folders = {}
    for which, rule in product((_numbered, _alike), _rules(keras_version)):
        walk = _Walk(weights, records, rule, which)
        walk.model(branches, _root(weights, ""))
        wrong = (walk.missing(), walk.left_over)
        if which is _alike and wrong != (0, 0):
            continue  # what the file does not say is believed only where everything fits
        if best is None or wrong < best:
            best, found = wrong, walk.folders
        if best == (0, 0):
            break
    return found


def arrays_in(weights: Hdf5, folder: str) -> list[Array]:
    """The arrays of the layer in a folder, in its own order."""
    for holders in HOLDERS:
        arrays = [array for holder in holders for array in numbered(weights, f"{folder}/{holder}")]
        if arrays:
            return arrays
    return []


def numbered(weights: Hdf5, group: str) -> Iterator[Array]:
    """The arrays ``0``, ``1`` and so on of a group."""
    for number in range(MOST_ARRAYS):
        array = weights.array(f"{group}/{number}")
        if array is None:
            return
        yield array


def _root(weights: Hdf5, folder: str) -> str:
    start = f"{folder}/" if folder else ""
    return next((start + name for name in ROOTS if weights.members(start + name)), f"{start}layers")


Which = Callable[[Branch], int]
"""Which layer a branch is: branches with the same number are one layer."""


def _numbered(branch: Branch) -> int:
    """As the file says."""
    return branch.number


def _alike(branch: Branch) -> int:
    """As its description suggests, where the file does not say."""
    return branch.alike


class _Walk:
    """One way through the models, in the order in which Keras's saver goes.

    Args:
        weights: The file with the arrays.
        records: All layers.
        rule: How the folders of one model are named.
        which: Which branches are one layer.

    Attributes:
        folders: The folder of each layer.
        left_over: How many folders belong to no layer, if they were named by this rule.
        seen: Folder of each layer that was met, by its number.
    """

    def __init__(self, weights: Hdf5, records: Sequence[Record], rule: Rule, which: Which) -> None:
        self.weights = weights
        self.records = records
        self.folders: Folders = {}
        self.left_over = 0
        self.seen: dict[int, str] = {}
        self.which = which
        self._rule = rule

    def missing(self) -> int:
        """How many layers that need arrays have none in their folder."""
        wanted = (index for index, record in enumerate(self.records) if record.weight_shapes)
        return sum(index not in self.folders or not self._holds(self.folders[index]) for index in wanted)

    def model(self, branches: Sequence[Branch], root: str) -> None:
        """Go through one model."""
        expected = set()
        for branch, name in self._rule(self, branches, root):
            if self.which(branch) in self.seen:
                self._again(branch)
            elif name is not None:
                expected.add(name)
                self._first(branch, f"{root}/{name}")
        others = (member for member in self.weights.members(root) if member not in expected)
        self.left_over += sum(self._filled(f"{root}/{member}") for member in islice(others, MOST_LEFT_OVER))

    def needs_arrays(self, branch: Branch) -> bool:
        """Whether a layer has arrays of its own or of layers inside it."""
        if branch.record is not None and self.records[branch.record].weight_shapes:
            return True
        return any(self.needs_arrays(inner) for inner in _inside(branch))

    def _filled(self, folder: str) -> bool:
        """Whether anything lies in a folder; some savers make one for every layer."""
        return any(name != "vars" or self.weights.members(f"{folder}/vars") for name in self.weights.members(folder))

    def _holds(self, folder: str) -> bool:
        return any(self.weights.array(f"{folder}/{holder}/0") is not None for one in HOLDERS for holder in one)

    def _first(self, branch: Branch, folder: str) -> None:
        """Note the folder of a layer that is met for the first time."""
        self.seen[self.which(branch)] = folder
        if branch.record is not None:
            self.folders[branch.record] = folder
        if branch.wrapped is not None:
            if self.which(branch.wrapped) in self.seen:
                self._again(branch.wrapped)
            else:
                self._first(branch.wrapped, f"{folder}/layer")
        elif branch.inside:
            self.model(branch.inside, _root(self.weights, folder))

    def _again(self, branch: Branch) -> None:
        """Give a layer that was met before, and what is inside it, the folders that were noted then."""
        if branch.record is not None and self.which(branch) in self.seen:
            self.folders[branch.record] = self.seen[self.which(branch)]
        for inner in _inside(branch):
            self._again(inner)


def _inside(branch: Branch) -> Sequence[Branch]:
    return (*branch.inside, *((branch.wrapped,) if branch.wrapped is not None else ()))


Rule = Callable[[_Walk, Sequence[Branch], str], Iterator[tuple[Branch, str | None]]]
"""Names the folder of each layer of a model while the walk goes on; names of layers met before mean nothing."""


def _each_counted(branches: Sequence[Branch], steps: Callable[[Branch], int]) -> Iterator[tuple[Branch, str | None]]:
    """Each layer with its folder, named after its class and numbered by the layers of that class before it.

    Args:
        branches: The layers of one model.
        steps: How many numbers a layer uses up; one that uses none has no folder.
    """
    counts: dict[str, int] = {}
    for branch in branches:
        name, counted = snake_case(branch.stored_class), steps(branch)
        number = counts.get(name, 0)
        counts[name] = number + counted
        yield branch, (f"{name}_{number}" if number else name) if counted else None


def _keras_3(_: _Walk, branches: Sequence[Branch], __: str) -> Iterator[tuple[Branch, str | None]]:
    """Keras 3: every layer counts, even one that is not written again."""
    return _each_counted(branches, lambda branch: 1)


def _tf_keras(walk: _Walk, branches: Sequence[Branch], _: str) -> Iterator[tuple[Branch, str | None]]:
    """TensorFlow 2.14 and later: a layer that is not written again does not count."""
    return _each_counted(branches, lambda branch: 0 if walk.which(branch) in walk.seen else 1)


def _counted_twice(walk: _Walk, branches: Sequence[Branch], _: str) -> Iterator[tuple[Branch, str | None]]:
    """TensorFlow 2.12 and 2.13: a layer with weights counts twice, as it stood in the list twice."""
    return _each_counted(branches, lambda branch: 2 if walk.needs_arrays(branch) else 1)


def _in_order(walk: _Walk, branches: Sequence[Branch], root: str) -> Iterator[tuple[Branch, str | None]]:
    """Any numbering: the folders of a class one after the other, where there are as many of them as layers."""
    folders: dict[str, list[tuple[int, str]]] = {}
    for member in walk.weights.members(root):
        match = re.fullmatch(r"(.*?)(?:_(\d{1,9}))?", member)
        if match:
            folders.setdefault(match[1], []).append((int(match[2] or 0), member))
    waiting: dict[str, list[str]] = {}
    for name, found in folders.items():
        layers = {walk.which(one) for one in branches if snake_case(one.stored_class) == name} - set(walk.seen)
        waiting[name] = [member for _, member in sorted(found)] if len(layers) == len(found) else []
    for branch in branches:
        own = waiting.get(snake_case(branch.stored_class), [])
        yield branch, own.pop(0) if own and walk.which(branch) not in walk.seen else None


def _rules(keras_version: str) -> tuple[Rule, ...]:
    """The rules of the savers, the likeliest first."""
    if keras_version.startswith(("2.12", "2.13")):
        return _counted_twice, _tf_keras, _keras_3, _in_order
    if keras_version.startswith("2."):
        return _tf_keras, _counted_twice, _keras_3, _in_order
    return _keras_3, _tf_keras, _counted_twice, _in_order
