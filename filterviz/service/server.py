"""The desk: what all visitors of one server share. The studio, the uploads, the opened models and the jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from filterviz.errors import BadRequest, EngineFailed, FiltervizError, WeightsUnavailable
from filterviz.service.job import Job
from filterviz.service.job_state import UNEXPECTED, LayerState, Status
from filterviz.service.model import DEMO, UNTRAINED, VGG16, Model
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.spec import Request
from filterviz.storage import vgg16 as reference_weights
from filterviz.storage.uploads import Upload, Uploads

log = logging.getLogger(__name__)

KEPT_WALLS = 200
"""Walls whose jobs are remembered; older ones come back from the store."""

KEPT_MODELS = 64

LEASE_SECONDS = 6.0
"""A visitor who has not asked about a job for so long has gone away, and no longer keeps others from stopping it."""

SETTLE_SECONDS = 0.5
"""Pictures that come with the program are there sooner; whatever takes longer is shown as it comes."""

WARM_AFTER_SECONDS = 2.0
"""The children that are kept ready are started so long after the server's first page was asked for."""

RETRY_SECONDS = 60.0
"""A failed search for VGG16's weights is repeated when somebody asks so much later."""


@dataclass(slots=True)
class _Follower:
    """One layer of one job, and who looks at it.

    Attributes:
        leases: when each visitor last asked, on the monotonic clock.
    """

    job: Job
    index: int
    leases: dict[str, float] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Where the layer stands."""
        return self.job.snapshot().layers[self.index].status


WallKey = tuple[str, Request]


class Server:
    """Shared by all sessions of a server; safe in threads.

    Args:
        settings: every limit and option.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace = Workspace(settings)
        self.uploads = Uploads(settings)
        self._lock = threading.Lock()
        self._models: OrderedDict[tuple[str, str], Future[Model]] = OrderedDict()
        self._walls: OrderedDict[WallKey, _Follower] = OrderedDict()
        self._stopped: set[tuple[WallKey, str]] = set()
        self._reference: Future[Model] | None = None
        self._reference_failed = 0.0
        self.uploads.tidy()
        # Not at once: their imports would take the processor from the first page, which needs none of them.
        self._warming = threading.Timer(WARM_AFTER_SECONDS, self.workspace.pool.warm)
        self._warming.daemon = True
        self._warming.start()

    def close(self) -> None:
        """End everything."""
        self._warming.cancel()
        self.workspace.close()

    def open(self, upload: Upload, architecture: str = "") -> Model:
        """The model in an uploaded file, under the name its owner gave it; read once, however often it is asked for.

        Args:
            upload: the file.
            architecture: the network to open bare weights as.

        Raises:
            Refused: it cannot be opened.
            EngineFailed: the process that read it died; the next call tries again.
        """
        key = (upload.sha256, architecture)
        with self._lock:
            future = self._models.get(key)
            mine = future is None
            if future is None:
                future = self._models[key] = Future()
                while len(self._models) > KEPT_MODELS:
                    self._models.popitem(last=False)
        if mine:
            _fulfil(
                future,
                lambda: self.workspace.open(
                    upload.path, name=upload.name, sha256=upload.sha256, architecture=architecture or None
                ),
            )
            if isinstance(future.exception(), EngineFailed):
                with self._lock:
                    self._models.pop(key, None)
        # Read for whoever came first, who may have called it something else.
        return replace(future.result(), name=upload.name)

    @property
    def download(self) -> tuple[int, int] | None:
        """Bytes of VGG16's weights received, and in all, while they are being downloaded."""
        return self.workspace.download

    def reference_at_hand(self) -> bool:
        """Whether VGG16 can be shown without a download."""
        named = self.settings.vgg16_weights
        cached = reference_weights.keras_cache() / reference_weights.VGG16.name
        return named is not None or VGG16 in self.workspace.bundled.models or cached.is_file()

    def reference(self) -> Future[Model]:
        """VGG16, being located, downloaded and opened in the background; may end in WeightsUnavailable."""
        with self._lock:
            known = self._reference
            waited = time.monotonic() - self._reference_failed > RETRY_SECONDS
            if known is not None and known.done() and known.exception() is not None and waited:
                known = None
            if known is None:
                known = self._reference = Future()
                threading.Thread(
                    target=self._locate_reference, args=(known,), name="filterviz-vgg16", daemon=True
                ).start()
            return known

    def other(self, other: str, model: Model) -> Future[Model]:
        """The network to stand beside one, being opened in the background.

        Args:
            other: see :class:`~filterviz.ui.view.View`.
            model: the network it is to stand beside.
        """
        if not other:
            return self.reference()
        if other == UNTRAINED:
            return self._opening((model.identity, other), lambda: self.workspace.untrained_copy(model))
        upload = self.uploads.find(other)
        if upload is None:
            gone: Future[Model] = Future()
            gone.set_exception(BadRequest("The file to compare with is no longer here. Upload it again."))
            return gone
        return self._opening(
            (upload.sha256, ""), lambda: self.workspace.open(upload.path, name=upload.name, sha256=upload.sha256)
        )

    def _opening(self, key: tuple[str, str], work: Callable[[], Model]) -> Future[Model]:
        """A model being opened in a thread, or opened before; one that failed by accident is tried again."""
        with self._lock:
            future = self._models.get(key)
            if future is None or (future.done() and isinstance(future.exception(), EngineFailed | WeightsUnavailable)):
                future = self._models[key] = Future()
                threading.Thread(target=_fulfil, args=(future, work), name="filterviz-open", daemon=True).start()
            return future

    def stages(self) -> dict[str, Model]:
        """The demo network through its training, the end last, by the names of their folders; all from pictures."""
        demo = self.workspace.demo()
        if demo is None:
            return {}
        bundled = self.workspace.bundled.models
        stages = [name for name in sorted(bundled) if name.startswith(f"{DEMO}-")]
        return {
            **{name: Model(None, bundled[name].sha256, bundled[name].name, bundled[name].spec) for name in stages},
            DEMO: demo,
        }

    def settle(self, walls: Sequence[tuple[Model, Request]], seconds: float = SETTLE_SECONDS) -> None:
        """Wait a moment for the pictures that are all there and only need to be fetched."""
        deadline = time.monotonic() + seconds
        for model, request in walls:
            with self._lock:
                wall = self._walls.get((model.identity, request))
            if wall is not None:
                wall.job.recalled(max(0.0, deadline - time.monotonic()))

    def _locate_reference(self, future: Future[Model]) -> None:
        _fulfil(future, self.workspace.reference)
        self._reference_failed = time.monotonic()

    def start(
        self, model: Model, requests: Sequence[Request], visitor: str, *, again: bool = False, held: bool = False
    ) -> None:
        """Have walls made, unless they are made or being made already.

        Args:
            model: whose.
            requests: one for each wall, in the order they are wanted.
            visitor: who asks.
            again: also those that were stopped or failed before.
            held: show what there is already, and leave the rest until it is asked for without this.

        Raises:
            BadRequest: a request does not fit the model.
        """
        with self._lock:
            missing = []
            for request in requests:
                key = (model.identity, request)
                wall = self._walls.get(key)
                # What somebody else stopped is begun again for whoever comes to it.
                theirs = wall is not None and wall.status is Status.STOPPED and (key, visitor) not in self._stopped
                if wall is None or theirs or (again and wall.status in (Status.STOPPED, Status.FAILED)):
                    missing.append(request)
            if missing:
                job = self.workspace.start(model, missing, owner=f"{visitor} {model.identity[-24:]}", held=held)
                for index, request in enumerate(missing):
                    self._walls[model.identity, request] = _Follower(job, index)
            for request in requests:
                self._stopped.discard(((model.identity, request), visitor))
                wall = self._walls[model.identity, request]
                wall.leases[visitor] = time.monotonic()
                if not held:
                    wall.job.release()
                self._walls.move_to_end((model.identity, request))
            while len(self._walls) > KEPT_WALLS:
                self._walls.popitem(last=False)
            self._stopped = {item for item in self._stopped if item[0] in self._walls}

    def look(self, model: Model, request: Request, visitor: str) -> tuple[LayerState, FiltervizError | None] | None:
        """How one wall stands, and why its job failed if it did; ``None`` where it was never asked for.

        Args:
            model: whose wall.
            request: which.
            visitor: who looks.
        """
        with self._lock:
            wall = self._walls.get((model.identity, request))
            if wall is None:
                return None
            # Whoever stopped it looks on without wanting more, until they start it again.
            if ((model.identity, request), visitor) not in self._stopped:
                wall.leases[visitor] = time.monotonic()
        state = wall.job.snapshot()
        layer = state.layers[wall.index]
        return layer, state.error if layer.status is Status.FAILED else None

    def keep_only(self, walls: Sequence[tuple[Model, Request]], visitor: str) -> None:
        """A visitor turns to these walls: end and forget what else of theirs is unfinished and nobody else looks at."""
        kept = {(model.identity, request) for model, request in walls}
        with self._lock:
            for key in [key for key, wall in self._walls.items() if visitor in wall.leases and key not in kept]:
                wall = self._walls[key]
                del wall.leases[visitor]
                if not wall.status.over and not self._wanted(wall, visitor):
                    wall.job.drop(wall.index)
                    del self._walls[key]

    def leave(self, visitor: str) -> None:
        """A visitor turns to something else altogether."""
        self.keep_only([], visitor)

    def stop(self, walls: Sequence[tuple[Model, Request]], visitor: str) -> None:
        """Stop the making of walls, at once or when nobody else is looking at them any more.

        Somebody else may be the same visitor before a reload of the page, of whom we only know that nothing is heard.
        """
        left = []
        with self._lock:
            for model, request in walls:
                wall = self._walls.get((model.identity, request))
                if wall is None:
                    continue
                wall.leases.pop(visitor, None)
                self._stopped.add(((model.identity, request), visitor))
                if wall.status.over:
                    continue
                if self._wanted(wall, visitor):
                    left.append((model, request))
                else:
                    wall.job.drop(wall.index)
        if left:
            timer = threading.Timer(LEASE_SECONDS / 3, self._stop_unless_resumed, (left, visitor))
            timer.daemon = True
            timer.start()

    def _stop_unless_resumed(self, walls: Sequence[tuple[Model, Request]], visitor: str) -> None:
        with self._lock:
            still = [wall for wall in walls if ((wall[0].identity, wall[1]), visitor) in self._stopped]
        if still:
            self.stop(still, visitor)

    def prefer(self, model: Model, request: Request) -> None:
        """Have a wall made before its neighbours: somebody is looking at where it will be."""
        with self._lock:
            wall = self._walls.get((model.identity, request))
            if wall is not None:
                wall.job.prefer(wall.index)

    @staticmethod
    def _wanted(wall: _Follower, visitor: str) -> bool:
        """Whether another visitor is looking at a wall."""
        recent = time.monotonic() - LEASE_SECONDS
        return any(seen > recent for name, seen in wall.leases.items() if name != visitor)


def _fulfil(future: Future[Model], work: Callable[[], Model]) -> None:
    """Settle a future with a model or with an error whose sentence can be shown."""
    try:
        future.set_result(work())
    except FiltervizError as error:
        future.set_exception(error)
    except Exception:
        log.exception("A model could not be opened.")
        future.set_exception(EngineFailed(UNEXPECTED))
