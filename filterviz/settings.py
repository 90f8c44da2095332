"""Every limit and option in one place, read once from the environment.

Each field can be set by ``FILTERVIZ_<FIELD>`` in capitals; sizes take a number of bytes or ``600MB``, ``2GiB``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import platformdirs

MIB = 1 << 20
GIB = 1 << 30

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": MIB, "GIB": GIB}


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits that hold for one server or one command.

    Attributes:
        cache_dir: where finished tiles and uploads are kept.
        cache_bytes: the finished tiles' share of the disk; the oldest go first.
        upload_bytes: the largest file the page takes.
        kept_upload_bytes: uploaded files' share of the disk; the longest unused go first.
        kept_upload_seconds: how long an uploaded file that nobody looks at is kept, so that a reload finds it.
        file_bytes: the largest file opened at all (the command line has no upload limit).
        config_bytes: the largest architecture description (JSON) read from a file.
        weight_bytes: the most that the arrays of one network may occupy once read.
        max_layers: layers in one network, nested ones counted.
        max_depth: how deep models may be nested in each other.
        max_parameters: weights in one network.
        max_activation_bytes: the largest single output of a layer at the input size in use.
        reader_memory: address space of the process that reads a file, beside the file's own size.
        reader_seconds: its deadline.
        model_memory: address space of the process that computes, beside the network's own size; 0 for no limit. Of it
            TensorFlow takes 2 GiB before it begins. Does not hold where it computes on a graphics card.
        tile_seconds: deadline for one batch of tiles to make a step, including the first, which compiles.
        workers: processes that compute at the same time.
        idle_seconds: how long an unused process keeps its model.
        kept_models: models that keep a process while nobody asks about them; the longest unused goes first.
        max_size: the largest tile side in pixels.
        max_steps: the most steps one tile may take.
        batch_bytes: memory that the activations of one batch may take.
        vgg16_weights: path of VGG16's weights; ``None`` to look in Keras's cache and download.
    """

    cache_dir: Path = field(default_factory=lambda: Path(platformdirs.user_cache_dir("filterviz", appauthor=False)))
    cache_bytes: int = 2 * GIB
    upload_bytes: int = 600 * 10**6
    kept_upload_bytes: int = 4 * GIB
    kept_upload_seconds: float = 24 * 3600.0
    file_bytes: int = 4 * GIB
    config_bytes: int = 8 * MIB
    weight_bytes: int = 3 * GIB
    max_layers: int = 3000
    max_depth: int = 32
    max_parameters: int = 500_000_000
    max_activation_bytes: int = 2 * GIB
    reader_memory: int = 1 * GIB
    reader_seconds: float = 30.0
    model_memory: int = field(default_factory=lambda: _model_memory(_machine_memory()))
    tile_seconds: float = 120.0
    workers: int = field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2))
    idle_seconds: float = 600.0
    kept_models: int = 2
    max_size: int = 512
    max_steps: int = 4096
    batch_bytes: int = 1 * GIB
    vgg16_weights: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Defaults, overridden by the ``FILTERVIZ_*`` variables.

        Raises:
            ValueError: a variable does not hold what its field needs; the sentence names it.

        Example:
            >>> Settings.from_environment({"FILTERVIZ_UPLOAD_BYTES": "2MB"}).upload_bytes
            2000000
        """
        environment = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        for item in fields(cls):
            variable = f"FILTERVIZ_{item.name.upper()}"
            text = environment.get(variable, "").strip()
            if not text:
                continue
            try:
                given[item.name] = _parse(str(item.type), text)
            except ValueError:
                msg = f"{variable} is {text!r}, which is not {_EXPECTED[str(item.type)]}."
                raise ValueError(msg) from None
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Plain data, for a child process; :meth:`from_json` is the inverse."""
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_json`'s data."""
        given = dict(data)
        given["cache_dir"] = Path(given["cache_dir"])
        given["vgg16_weights"] = None if given["vgg16_weights"] is None else Path(given["vgg16_weights"])
        return cls(**given)


def _model_memory(machine: int) -> int:
    """Address space for computing on a machine with so much memory: TensorFlow's own share, and most of what is there.

    Example:
        >>> [_model_memory(size * GIB) // GIB for size in (2, 4, 8, 64)]
        [4, 5, 8, 12]
    """
    return min(12 * GIB, max(4 * GIB, 2 * GIB + machine * 3 // 4))


def _machine_memory() -> int:
    """Bytes of memory in this machine; plenty where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 16 * GIB


_EXPECTED = {
    "int": "a whole number (sizes may say 600MB or 2GiB)",
    "float": "a number of seconds",
    "Path": "a path",
    "Path | None": "a path",
}


def _parse(kind: str, text: str) -> int | float | Path:
    if kind == "float":
        return float(text)
    if kind.startswith("Path"):
        return Path(text).expanduser()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text)
    if not match or match[2].upper() not in _UNITS:
        raise ValueError(text)
    return int(float(match[1]) * _UNITS[match[2].upper()])
