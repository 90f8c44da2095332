"""What all visitors of one server share: the workspace, the uploads, the opened models and the walls."""

from __future__ import annotations

import logging
import math
import threading
import time
from concurrent.futures import Future
from functools import partial

from filterviz.errors import BadRequest
from filterviz.service.model import DEMO, UNTRAINED, VGG16, Model, untrained_name
from filterviz.service.model_cache import ModelCache
from filterviz.service.presence import Presence
from filterviz.service.wall_registry import WallRegistry
from filterviz.service.workspace import Workspace
from filterviz.settings import Settings
from filterviz.storage import vgg16
from filterviz.storage.uploads import Upload, Uploads

log = logging.getLogger(__name__)

WARM_AFTER_SECONDS = 2.0
"""The idle worker processes are started so long after the server's first page was asked for."""

VGG16_RETRY_SECONDS = 60.0
"""A failed search for VGG16's weights is repeated when somebody asks so much later."""

ENDING_SECONDS = 5.0
"""How long work on a file that is being deleted may take to end; a step in the middle of which it is goes on."""

SWEEP_SECONDS = 3.0
"""How often the work of visitors who have left is looked for."""

TIDY_SECONDS = 300.0
"""How often files past their time are deleted, also while nobody comes."""


class Server:
    """Shared by all sessions of a server. Safe to use from several threads.

    Args:
        settings: Every limit and option.

    Attributes:
        workspace: The store of patterns and the pool of worker processes.
        uploads: The files that visitors gave us.
        presence: Which visitors are there.
        walls: What is being made, and for whom.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace = Workspace(settings)
        self.uploads = Uploads(settings)
        self.presence = Presence()
        self.walls = WallRegistry(self.workspace.start, self.presence, self.workspace.budget)
        self._models = ModelCache()
        # Not at once: their imports would take the processor from the first page, which needs none of them.
        self._warming = threading.Timer(WARM_AFTER_SECONDS, self.workspace.pool.warm)
        self._warming.daemon = True
        self._warming.start()
        self._closed = threading.Event()
        self._housekeeper = threading.Thread(target=self._keep_house, name="filterviz-housekeeper", daemon=True)
        self._housekeeper.start()

    def close(self) -> None:
        """End everything."""
        self._warming.cancel()
        self._closed.set()
        self._housekeeper.join()
        self.workspace.close()

    def _keep_house(self) -> None:
        """End work that nobody waits for any more, and delete files past their time, until the server closes."""
        tidied = -math.inf
        while True:
            try:
                self.walls.sweep()
                if time.monotonic() - tidied >= TIDY_SECONDS:
                    tidied = time.monotonic()
                    self.uploads.tidy()
            except Exception:
                log.exception("Work that nobody waits for, or files past their time, could not be removed.")
            if self._closed.wait(SWEEP_SECONDS):
                return

    def open(self, upload: Upload, architecture: str = "") -> Model:
        """The model in an uploaded file, under the name its owner gave it; read once, however often it is asked for.

        Args:
            upload: The file.
            architecture: The network to open bare weights as.

        Raises:
            Refused: The file cannot be opened.
            EngineFailed: The process that read it died; the next call tries again.
        """
        return self._models.open(
            (upload.sha256, architecture), upload.name, partial(self._read, upload, architecture or None)
        )

    def delete_files_of(self, person: str) -> None:
        """Delete the files of a person, and all that was made of those which nobody else has uploaded.

        Args:
            person: See :func:`~filterviz.service.presence.person_of`.
        """
        gone = self.uploads.delete_of(person)
        deadline = time.monotonic() + ENDING_SECONDS
        for job in self.walls.forget(person, gone):
            job.wait(max(0.0, deadline - time.monotonic()))
        self._models.forget(gone)
        self.workspace.pool.forget(gone)
        self.workspace.store.delete_of(gone)

    def _read(self, upload: Upload, architecture: str | None = None) -> Model:
        return self.workspace.open(upload.path, name=upload.name, sha256=upload.sha256, architecture=architecture)

    def has_vgg16(self) -> bool:
        """Whether VGG16 can be shown without a download."""
        named = self.settings.vgg16_weights
        cached = vgg16.keras_cache() / vgg16.VGG16.name
        return named is not None or VGG16 in self.workspace.bundled.models or cached.is_file()

    def vgg16(self) -> Future[Model]:
        """VGG16, being located, downloaded and opened in the background; may end in WeightsUnavailable."""
        return self._models.open_in_background(
            (VGG16, VGG16), "VGG16", self.workspace.reference, retry_after=VGG16_RETRY_SECONDS, retry_refused=True
        )

    def other(self, other: str, model: Model) -> Future[Model]:
        """The network to stand beside another one, being opened in the background.

        Args:
            other: Empty for VGG16, ``untrained`` for the same network before training, or the token of an upload.
            model: The network that it is to stand beside.
        """
        if not other:
            return self.vgg16()
        if other == UNTRAINED:
            return self._models.open_in_background(
                (model.identity, other), untrained_name(model.name), partial(self.workspace.untrained_copy, model)
            )
        upload = self.uploads.find(other)
        if upload is None:
            gone: Future[Model] = Future()
            gone.set_exception(BadRequest("The file to compare with is no longer here. Upload it again."))
            return gone
        return self._models.open_in_background((upload.sha256, ""), upload.name, partial(self._read, upload))

    def training_stages(self) -> dict[str, Model]:
        """The demo network through its training, the end last, by the names of their folders; all are bundled."""
        demo = self.workspace.example(DEMO)
        if demo is None:
            return {}
        bundled = self.workspace.bundled.models
        stages = [name for name in sorted(bundled) if name.startswith(f"{DEMO}-")]
        return {
            **{name: Model(None, bundled[name].sha256, bundled[name].name, bundled[name].spec) for name in stages},
            DEMO: demo,
        }
