"""The workspace, which the page, the command line and the Python API share.

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
from filterviz.service.budget import Budget
from filterviz.service.job import Job
from filterviz.service.model import EXAMPLES, VGG16, Model, file_sha256, untrained_name
from filterviz.service.patterns import PatternSource
from filterviz.service.validation import check
from filterviz.settings import Settings
from filterviz.spec import LoadOptions, Request
from filterviz.storage import vgg16 as reference_weights
from filterviz.storage.bundled import BundledPatterns
from filterviz.storage.pattern_store import Store
from filterviz.workers.parent.pool import Pool


class Workspace:
    """The store of patterns and the pool of workers. A context manager; safe to use from several threads.

    Args:
        settings: Every limit and option.

    Attributes:
        download: Bytes of VGG16's weights received so far and in all, while they are being downloaded.
        bundled: The patterns that come with the program.
        budget: What work costs, and how much of it each person has had.

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
        self.budget = Budget(settings)
        self.pool = Pool(settings, self.budget.spend)
        self.patterns = PatternSource(self.store, lambda: self.bundled, self.pool, self.file_of, self.budget)
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
            path: Path of the file.
            name: What to call the model; the file's name by default.
            sha256: Hash of the file's bytes, where the caller knows it already.
            architecture: The ``keras.applications`` network to open a file of bare weights as.
            untrained: A seed, to have the network with fresh weights, as it was before any training.

        Raises:
            BadRequest: There is no such file, or it cannot be read.
            Refused: The file cannot be opened; says why, and what to do.
            EngineFailed: The process that read it died.
        """
        load_options = LoadOptions(None if architecture is None else architecture.lower(), untrained)
        path = path.absolute()  # the process that reads it has a working folder of its own
        try:
            digest = sha256 or file_sha256(path)
        except OSError as error:
            raise BadRequest(f"The file {str(path)!r} cannot be read: {error.strerror or error}.") from None
        spec = self.pool.inspect(path, digest, load_options)
        return Model(path, digest, name or path.name, spec, load_options, self)

    def reference(self) -> Model:
        """VGG16 with its ImageNet weights.

        Its patterns come with the program, so the weights are not looked for until something else is asked of it.

        Raises:
            WeightsUnavailable: The settings name a file that is not there.
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

    def example(self, name: str) -> Model | None:
        """A network that comes with the program; ``None`` in a build without it.

        Args:
            name: One of :data:`~filterviz.service.model.EXAMPLES`; there is none of any other name.
        """
        bundled = self.bundled.models.get(name) if name in EXAMPLES else None
        if bundled is None:
            return None
        return Model(bundled.file, bundled.sha256, bundled.name, bundled.spec, computer=self)

    def untrained_copy(self, model: Model, seed: int = 0) -> Model:
        """The same network before training: its file, with fresh weights.

        Args:
            model: The trained network.
            seed: Seed of the weights.

        Raises:
            WeightsUnavailable: The file is not here.
        """
        path, name = self.file_of(model), untrained_name(model.name)
        return self.open(path, name=name, sha256=model.sha256, architecture=model.architecture, untrained=seed)

    def file_of(self, model: Model) -> Path:
        """The file of a model, found or downloaded where only its patterns were here.

        Raises:
            WeightsUnavailable: The file cannot be found; one sentence says what to do.
        """
        if model.path is not None:
            return model.path
        if model.load_options != LoadOptions(VGG16):
            message = f"Of {model.name} only the images that come with the program are here; choose its usual settings."
            raise WeightsUnavailable(message)
        path = reference_weights.locate(self.settings, progress=self._downloaded)
        if file_sha256(path) != model.sha256:
            message = f"The file {str(path)!r} does not hold VGG16's official weights. Delete it and try again."
            raise WeightsUnavailable(message)
        return path

    def _downloaded(self, received: int, total: int) -> None:
        self.download = (received, total) if received < total else None

    def readied(self, model: Model) -> Model:
        """A model that can be computed with: its file is here, and everything in it has been read.

        Neither need be so for a network whose patterns come with the program.

        Raises:
            WeightsUnavailable: The file cannot be found.
            Refused, EngineFailed: As :meth:`open` does.
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
            model: A model of this workspace.
            inputs: The arrays that go in, as for :meth:`Model.outputs`.
            owner: Whom the work is for; owners get their turns in equal shares.
            stop: An event that another thread may set to end the work.
            progress: Called with the number of finished examples and the number of all examples.

        Returns:
            The arrays that come out, as from :meth:`Model.outputs`.

        Raises:
            Stopped: ``stop`` was set.
            BadRequest, Refused, EngineFailed: As :meth:`Model.outputs` does.
        """
        model = self.readied(model)
        assert model.path is not None
        numbers = network_arrays.computable(model.spec)
        fitting = network_arrays.fitted(model.spec, inputs)
        result = network_arrays.OutputCollector(len(fitting[0]))
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
        paused: bool = False,
    ) -> Job:
        """Begin to make patterns; returns at once.

        Args:
            model: The network.
            requests: One for each layer; worked on in this order.
            owner: Whom the work is for; owners get their turns in equal shares.
            start: Start images of shape ``[n, size, size, channels]``, one for each filter of every request, in place
                of those that the seed would give.
            paused: Whether to take what there is from the store, but to compute nothing before
                :meth:`Job.start_computing`.

        Raises:
            BadRequest: A request does not fit the model; nothing was started.
        """
        for request in requests:
            check(model.spec, request, self.settings)
        return Job(self.patterns, model, requests, owner=owner, start=start, paused=paused).begin()
