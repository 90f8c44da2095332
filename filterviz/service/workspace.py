"""The workspace: what the page, the command line and the Python API share.

A :class:`Workspace` owns the store of finished patterns and the pool of worker processes, opens models and starts jobs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import BadRequest, WeightsUnavailable
from filterviz.service import network_arrays
from filterviz.service.job import Job
from filterviz.service.model import DEMO, VGG16, Model, file_sha256
from filterviz.service.patterns import PatternSource
from filterviz.service.validation import check
from filterviz.settings import Settings
from filterviz.spec import (
    LoadOptions,
    Request,
)
from filterviz.storage import vgg16 as reference_weights
from filterviz.storage.bundled import BundledPatterns
from filterviz.storage.pattern_store import Store
from filterviz.workers.parent.pool import Pool


class Workspace:
    """The store and the pool, and the models that were opened. A context manager; safe to use from several threads.

    Args:
        settings: every limit and option.

    Attributes:
        download: bytes of VGG16's weights received, and in all, while they are being downloaded.
        bundled: the pictures that come with the program.

    Example::

        with Workspace(Settings.from_environment()) as workspace:
            model = workspace.open(Path("cats_and_dogs.h5"))
            job = workspace.start(model, [Request("conv2d_1", tuple(range(25)))])
            patterns = job.wait().layers[0].patterns
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.cache_dir / "tiles", settings.cache_bytes)
        self.bundled = BundledPatterns()
        self.pool = Pool(settings)
        self.patterns = PatternSource(self.store, lambda: self.bundled, self.pool, self.file_of)
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
        load_options = LoadOptions(None if architecture is None else architecture.lower(), untrained)
        path = path.absolute()  # the process that reads it has a working folder of its own
        try:
            digest = sha256 or file_sha256(path)
        except OSError as error:
            message = f"The file {str(path)!r} cannot be read: {error.strerror or error}."
            raise BadRequest(message) from None
        spec = self.pool.inspect(path, digest, load_options)
        return Model(path, digest, name or path.name, spec, load_options, self)

    def reference(self) -> Model:
        """VGG16 with its ImageNet weights.

        Its pictures come with the program, so the weights are not looked for until something else is asked of it.

        Raises:
            WeightsUnavailable: the settings name a file that is not there.
        """
        with self._reference_lock:
            if self._reference is None:
                atlas = self.bundled.models.get(VGG16)
                if self.settings.vgg16_weights is None and atlas is not None:
                    load_options = LoadOptions(atlas.architecture)
                    self._reference = Model(None, atlas.sha256, atlas.name, atlas.spec, load_options, self)
                else:
                    path = reference_weights.locate(self.settings, progress=self._downloaded)
                    self._reference = self.open(path, name="VGG16", architecture=VGG16)
            return self._reference

    def demo(self) -> Model | None:
        """The cats-and-dogs network that comes with the program, with its pictures; ``None`` in a build without."""
        known = self.bundled.models.get(DEMO)
        if known is None:
            return None
        path = known.folder / f"{DEMO}.h5"
        return Model(path if path.is_file() else None, known.sha256, known.name, known.spec, computer=self)

    def untrained_copy(self, model: Model, seed: int = 0) -> Model:
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

    def file_of(self, model: Model) -> Path:
        """The file of a model, found or downloaded where only its pictures were here.

        Raises:
            WeightsUnavailable: it cannot be had; one sentence says what to do.
        """
        if model.path is not None:
            return model.path
        if model.load_options != LoadOptions(VGG16):
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
        path, load_options = self.file_of(model), model.load_options
        return self.open(
            path,
            name=model.name,
            sha256=model.sha256,
            architecture=load_options.architecture,
            untrained=load_options.untrained,
        )

    def outputs(
        self,
        model: Model,
        inputs: network_arrays.Given,
        *,
        owner: str = "",
        stop: threading.Event | None = None,
        progress: Callable[[int, int], None] = lambda done, count: None,
    ) -> list[NDArray[np.float32] | None]:
        """Run a whole network in a process of its own; returns when all is computed.

        Args:
            model: of :meth:`open`, :meth:`reference`, :meth:`demo` or :meth:`untrained_copy`.
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
        numbers = network_arrays.computable(model.spec)
        fitting = network_arrays.fitted(model.spec, inputs)
        result = network_arrays.Growing(len(fitting[0]))
        progress(0, result.count)
        made = self.pool.outputs(
            model.path, model.sha256, model.spec, fitting, load_options=model.load_options, owner=owner, stop=stop
        )
        with closing(made):
            for batch in made:
                result.add(batch)
                progress(result.done, result.count)
        outputs: list[NDArray[np.float32] | None] = [None] * len(model.spec.declared_outputs)
        for number, array in zip(numbers, result.arrays, strict=True):
            outputs[number] = array
        return outputs

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
        return Job(self.patterns, model, requests, owner=owner, start=start, held=held).begin()
