"""The studio: where a question about a model becomes pictures. Used by the page, the command line and the Python API.

A :class:`Studio` owns the store of finished pictures and the pool of processes, opens models and starts jobs.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz import arrays
from filterviz.errors import BadRequest, WeightsUnavailable
from filterviz.gallery.shipped import Shipped
from filterviz.gallery.store import Store, pattern_key
from filterviz.jobs import Job
from filterviz.reference import weights as reference_weights
from filterviz.settings import Settings
from filterviz.spec import (
    AS_IT_IS,
    RECIPES,
    Json,
    ModelSpec,
    Opening,
    Pattern,
    PixelRange,
    Request,
    objectives,
    pictures,
)
from filterviz.workers.pool import Pool

VGG16 = "vgg16"
"""The architecture, and the name on the command line, of the network to compare with."""

DEMO = "cats_and_dogs"
"""The network that comes with the program."""


@dataclass(frozen=True, slots=True)
class Model:
    """A file that has been read and found to be a network.

    Attributes:
        path: where the file lies; ``None`` where it is not here, or not yet, and its pictures come with the program.
        sha256: of its bytes; with ``opening`` it identifies the network.
        name: what to call it: the file's name, or ``VGG16``. It comes from outside: escape it.
        spec: what is in it.
        opening: how the file was opened.
        studio: that opened it, and computes its outputs; ``None`` where none did.
    """

    path: Path | None
    sha256: str
    name: str
    spec: ModelSpec
    opening: Opening = AS_IT_IS
    studio: Studio | None = field(default=None, repr=False, compare=False)

    @property
    def identity(self) -> str:
        """The network's name in the store."""
        return self.opening.identity(self.sha256)

    @property
    def architecture(self) -> str | None:
        """The ``keras.applications`` network that a file of bare weights was opened as."""
        return self.opening.architecture

    def outputs(self, inputs: arrays.Given) -> list[NDArray[np.float32] | None]:
        """What the whole network computes, to hold against what Keras does.

        Args:
            inputs: an array for each input of the network, in the file's order and layout, batch first; or one array
                where there is one input; or arrays by the names ``i0``, ``i1``, ... or those of the input layers.

        Returns:
            An array for each output, float32, in the file's order and layout; ``None`` for one that cannot be computed
            (``spec.declared_outputs`` says why).

        Raises:
            BadRequest: the inputs do not fit, and the sentence says which do; or no output can be computed.
            EngineFailed: the computation broke.

        Example::

            model = filterviz.open_model("cats_and_dogs.h5")
            (scores,) = model.outputs(photos)
        """
        if self.studio is None:
            message = f"The network {self.name!r} was not opened to compute with it. Open its file."
            raise BadRequest(message)
        return self.studio.outputs(self, inputs)

    def describe(self) -> dict[str, Json]:
        """The model as it stands in ``run.json`` and in ``layers --json``."""
        shape = self.spec.input_shape
        return {
            "name": self.name,
            "sha256": self.sha256,
            "architecture": self.architecture,
            "untrained": self.opening.untrained,
            "keras_version": self.spec.keras_version,
            "input_shape": None if shape is None else list(shape),
            "parameters": self.spec.parameters,
            "pixel_range": self.spec.pixel_range.value,
            "pixel_range_reason": self.spec.pixel_range_reason,
            "notes": list(self.spec.notes),
        }


class Studio:
    """The store and the pool, and the models that were opened. A context manager; safe to use from several threads.

    Args:
        settings: every limit and option.

    Attributes:
        download: bytes of VGG16's weights received, and in all, while they are being downloaded.
        shipped: the pictures that come with the program.

    Example::

        with Studio(Settings.from_environment()) as studio:
            model = studio.open(Path("cats_and_dogs.h5"))
            job = studio.start(model, [Request("conv2d_1", tuple(range(25)))])
            patterns = job.wait().layers[0].patterns
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.cache_dir / "tiles", settings.cache_bytes)
        self.shipped = Shipped()
        self.pool = Pool(settings)
        self.download: tuple[int, int] | None = None
        self._reference: Model | None = None
        self._reference_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes. Jobs that are running fail."""
        self.pool.close()

    def open(
        self,
        path: Path,
        *,
        name: str | None = None,
        sha256: str | None = None,
        architecture: str | None = None,
        untrained: int | None = None,
    ) -> Model:
        """Read a file in a process of its own.

        Args:
            path: of the file.
            name: what to call it; the file's name by default.
            sha256: of its bytes, where the caller knows it already.
            architecture: the ``keras.applications`` network to open a file of bare weights as.
            untrained: a seed, to have the network as it was before any training: with fresh weights.

        Raises:
            BadRequest: there is no such file, or it cannot be read.
            Refused: the file cannot be opened, with the reason and what to do.
            EngineFailed: the reading process died.
        """
        opening = Opening(None if architecture is None else architecture.lower(), untrained)
        path = path.absolute()  # the process that reads it has a working folder of its own
        try:
            digest = sha256 or file_sha256(path)
        except OSError as error:
            message = f"The file {str(path)!r} cannot be read: {error.strerror or error}."
            raise BadRequest(message) from None
        spec = self.pool.inspect(path, digest, opening)
        return Model(path, digest, name or path.name, spec, opening, self)

    def reference(self) -> Model:
        """VGG16 with its ImageNet weights.

        Its pictures come with the program, so the weights are not looked for until something else is asked of it.

        Raises:
            WeightsUnavailable: the settings name a file that is not there.
        """
        with self._reference_lock:
            if self._reference is None:
                atlas = self.shipped.models.get(VGG16)
                if self.settings.vgg16_weights is None and atlas is not None:
                    opening = Opening(atlas.architecture)
                    self._reference = Model(None, atlas.sha256, atlas.name, atlas.spec, opening, self)
                else:
                    path = reference_weights.locate(self.settings, progress=self._downloaded)
                    self._reference = self.open(path, name="VGG16", architecture=VGG16)
            return self._reference

    def demo(self) -> Model | None:
        """The cats-and-dogs network that comes with the program, with its pictures; ``None`` in a build without."""
        known = self.shipped.models.get(DEMO)
        if known is None:
            return None
        path = known.folder / f"{DEMO}.h5"
        return Model(path if path.is_file() else None, known.sha256, known.name, known.spec, studio=self)

    def twin(self, model: Model, seed: int = 0) -> Model:
        """The same network before training: its file, with fresh weights.

        Args:
            model: whose.
            seed: of the weights.

        Raises:
            WeightsUnavailable: the file is not here.
        """
        path = self.file_of(model)
        name = f"{model.name}, untrained"
        return self.open(path, name=name, sha256=model.sha256, architecture=model.architecture, untrained=seed)

    def kept(self, model: Model, request: Request, filter_: int, key: str) -> Pattern | None:
        """A picture that need not be made: from the store, or one of those that come with the program.

        Args:
            model: whose.
            request: how it is wanted.
            filter_: which.
            key: of :meth:`key`.
        """
        found = self.store.get(key)
        if found is not None and not _of_this_guess(found, model, request):
            found = None
        if found is None and key == self.key(model, request, filter_):
            found = self.shipped.find(model.identity, request, filter_)
        return found

    def file_of(self, model: Model) -> Path:
        """The file of a model, found or downloaded where only its pictures were here.

        Raises:
            WeightsUnavailable: it cannot be had; one sentence says what to do.
        """
        if model.path is not None:
            return model.path
        if model.opening != Opening(VGG16):
            message = (
                f"Of {model.name} only the pictures that come with the program are here; choose its usual settings."
            )
            raise WeightsUnavailable(message)
        path = reference_weights.locate(self.settings, progress=self._downloaded)
        if file_sha256(path) != model.sha256:
            message = f"The file {str(path)!r} does not hold VGG16's official weights. Delete it and try again."
            raise WeightsUnavailable(message)
        return path

    def _downloaded(self, received: int, total: int) -> None:
        self.download = (received, total) if received < total else None

    def readied(self, model: Model) -> Model:
        """A model that can be computed with: its file is here, and all that it holds is known.

        Of a network whose pictures come with the program neither may be so.

        Raises:
            WeightsUnavailable: the file cannot be had.
            Refused, EngineFailed: see :meth:`open`.
        """
        if model.path is not None and model.spec.declared_outputs:
            return model
        path, opening = self.file_of(model), model.opening
        return self.open(
            path,
            name=model.name,
            sha256=model.sha256,
            architecture=opening.architecture,
            untrained=opening.untrained,
        )

    def outputs(
        self,
        model: Model,
        inputs: arrays.Given,
        *,
        owner: str = "",
        stop: threading.Event | None = None,
        progress: Callable[[int, int], None] = lambda done, count: None,
    ) -> list[NDArray[np.float32] | None]:
        """Run a whole network in a process of its own; returns when all is computed.

        Args:
            model: of :meth:`open`, :meth:`reference`, :meth:`demo` or :meth:`twin`.
            inputs: see :meth:`Model.outputs`.
            owner: whom the work is for; owners get their turns in equal shares.
            stop: may be set from another thread.
            progress: is told how many examples are done, and how many there are.

        Returns:
            See :meth:`Model.outputs`.

        Raises:
            Stopped: ``stop`` was set.
            BadRequest, Refused, EngineFailed: see :meth:`Model.outputs`.
        """
        model = self.readied(model)
        assert model.path is not None
        numbers = arrays.computable(model.spec)
        fitting = arrays.fitted(model.spec, inputs)
        result = arrays.Growing(len(fitting[0]))
        progress(0, result.count)
        made = self.pool.outputs(
            model.path, model.sha256, model.spec, fitting, opening=model.opening, owner=owner, stop=stop
        )
        with closing(made):
            for batch in made:
                result.add(batch)
                progress(result.done, result.count)
        outputs: list[NDArray[np.float32] | None] = [None] * len(model.spec.declared_outputs)
        for number, array in zip(numbers, result.arrays, strict=True):
            outputs[number] = array
        return outputs

    def key(self, model: Model, request: Request, filter_: int, start: NDArray[np.float32] | None = None) -> str:
        """The name under which the store keeps this tile."""
        digest = None if start is None else hashlib.sha256(np.ascontiguousarray(start).tobytes()).hexdigest()
        return pattern_key(model.identity, request, filter_, digest, false_colours=model.spec.false_colours)

    def start(
        self,
        model: Model,
        requests: Sequence[Request],
        *,
        owner: str = "",
        start: NDArray[np.float32] | None = None,
        held: bool = False,
    ) -> Job:
        """Begin to make patterns; returns at once.

        Args:
            model: whose.
            requests: worked on in this order.
            owner: whom the work is for; owners get their turns in equal shares.
            start: the start pictures, ``[n, size, size, channels]``, one for each filter of every request, in place of
                those the seed would give.
            held: take what there is from the store, but compute nothing before :meth:`Job.release`.

        Raises:
            BadRequest: a request does not fit the model; nothing was started.
        """
        for request in requests:
            check(model.spec, request, self.settings)
        return Job(self, model, requests, owner=owner, start=start, held=held).begin()


def check(spec: ModelSpec, request: Request, settings: Settings) -> None:
    """Whether a request fits a model and the limits.

    Raises:
        BadRequest: the layer or a filter does not exist, or the recipe asks for too much; the sentence says what
            would do.
    """
    recipe = request.recipe
    if recipe.name not in RECIPES:
        message = f"There is no recipe {recipe.name!r}; choose {' or '.join(RECIPES)}."
        raise BadRequest(message)
    if not 1 <= recipe.size <= settings.max_size:
        message = f"A tile cannot be {recipe.size} pixels wide; choose 1 to {settings.max_size}."
        raise BadRequest(message)
    if not 1 <= recipe.steps <= settings.max_steps:
        message = f"A tile cannot take {recipe.steps} steps; choose 1 to {settings.max_steps}."
        raise BadRequest(message)
    if recipe.seed < 0:
        message = f"The seed cannot be {recipe.seed}; choose a whole number from 0."
        raise BadRequest(message)
    names = [layer.name for layer in spec.visualisable]
    allowed = objectives(recipe.name)
    if recipe.objective not in allowed:
        message = f"The recipe {recipe.name} has no objective {recipe.objective!r}; choose {' or '.join(allowed)}."
        raise BadRequest(message)
    numbers = pictures(recipe.name)
    if recipe.pictures not in numbers:
        choices = " or ".join(map(str, numbers))
        message = f"The recipe {recipe.name} cannot make {recipe.pictures} pictures of a filter; choose {choices}."
        raise BadRequest(message)
    try:
        layer = spec.layer(request.layer)
    except KeyError:
        message = f"There is no layer {request.layer!r} in this model. Its layers are: {', '.join(names)}."
        raise BadRequest(message) from None
    if not layer.visualisable or layer.channels is None:
        message = f"No patterns can be made for {layer.name!r}: {layer.reason} Try one of: {', '.join(names)}."
        raise BadRequest(message)
    if not request.filters:
        message = f"No filters were asked for. The layer {layer.name!r} has filters 0 to {layer.channels - 1}."
        raise BadRequest(message)
    for filter_ in request.filters:
        if not 0 <= filter_ < layer.channels:
            message = (
                f"The layer {layer.name!r} has no filter {filter_}; its filters are numbered 0 to {layer.channels - 1}."
            )
            raise BadRequest(message)


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_this_guess(found: Pattern, model: Model, request: Request) -> bool:
    """Whether a kept picture was made of the pixel values that are the guess now: an earlier version guessed others."""
    left_open = request.pixel_range is PixelRange.AUTO and found.pixel_range is not None
    return not left_open or found.pixel_range is model.spec.pixel_range
