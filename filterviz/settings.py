"""Every limit and option in one place, read once from the environment.

A setting is one row of :class:`Settings`: its name, its default, how a text becomes its value, and what it means. The
variable ``FILTERVIZ_<NAME>`` in capitals sets it. ``make settings`` writes the same table into README.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import platformdirs

MIB = 1 << 20
GIB = 1 << 30

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": MIB, "GIB": GIB}


@dataclass(frozen=True, slots=True)
class Kind:
    """How the text of a variable becomes the value of a setting, or raises ``ValueError``.

    ``expected`` says what the text must be; it ends the sentence "FILTERVIZ_X is 'y', which is not ...".
    """

    parse: Callable[[str], Any]
    expected: str


def _whole_number(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text)
    if not match or match[2].upper() not in _UNITS:
        raise ValueError(text)
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()) not in ("", "none"))


NUMBER = Kind(_whole_number, "a whole number (sizes may say 600MB or 2GiB)")
SECONDS = Kind(float, "a number of seconds")
NAMES = Kind(_names, "names with commas between")
PATH = Kind(lambda text: Path(text).expanduser(), "a path")


def setting(default: str, kind: Kind, meaning: str) -> Any:
    """A row of :class:`Settings` whose default, as the variable would give it, is the same on every machine.

    ``meaning`` says what the setting is, for README's table, without a full stop.
    """
    return field(default=kind.parse(default), metadata={"default": f"`{default}`", "kind": kind, "meaning": meaning})


def computed_setting(default: Callable[[], object], described: str, kind: Kind, meaning: str) -> Any:
    """A row of :class:`Settings` whose default depends on the machine and is ``described`` in words for README."""
    return field(default_factory=default, metadata={"default": described, "kind": kind, "meaning": meaning})


def _model_memory(machine: int) -> int:
    """Address space for computing on a machine with so many bytes of memory: TensorFlow's 2 GiB, and most of the rest.

    Example:
        >>> [_model_memory(size * GIB) // GIB for size in (2, 4, 8, 64)]
        [4, 5, 8, 12]
    """
    return min(12 * GIB, max(4 * GIB, 2 * GIB + machine * 3 // 4))


def _workers() -> int:
    """Workers that compute at the same time on this machine, each with about two processor cores."""
    return max(1, (os.cpu_count() or 2) // 2)


def _machine_memory() -> int:
    """Bytes of memory in this machine; 16 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 16 * GIB


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits and options of one server or one command."""

    cache_dir: Path = computed_setting(
        lambda: platformdirs.user_cache_path("filterviz", appauthor=False),
        "the system's cache folder",
        PATH,
        "where finished tiles and uploads are kept",
    )
    cache_bytes: int = setting("2GiB", NUMBER, "disk space for finished tiles; the oldest are deleted first")
    upload_bytes: int = setting("600MB", NUMBER, "the largest file that the page accepts")
    incoming_bytes: int = setting(
        "2GB",
        NUMBER,
        "disk space for files on their way in, of all visitors together; one page has as much as the largest file",
    )
    kept_upload_bytes: int = setting(
        "4GiB", NUMBER, "disk space for uploaded files; those unused for longest are deleted first"
    )
    kept_upload_seconds: float = setting(
        "86400", SECONDS, "how long an uploaded file that nobody looks at is kept, so that reloading the page finds it"
    )
    file_bytes: int = setting(
        "4GiB", NUMBER, "the largest file that is opened at all; the command line has no upload limit"
    )
    config_bytes: int = setting("8MiB", NUMBER, "the largest architecture description (JSON) read from a file")
    weight_bytes: int = setting("3GiB", NUMBER, "memory that the weights of one network may occupy")
    max_layers: int = setting("3000", NUMBER, "layers in one network, including those of nested models")
    max_depth: int = setting("32", NUMBER, "how deeply models may be nested in each other")
    max_parameters: int = setting("500000000", NUMBER, "parameters (single weights) in one network")
    max_activation_bytes: int = setting("2GiB", NUMBER, "the largest output of a single layer at the input size in use")
    reader_memory: int = setting(
        "1GiB", NUMBER, "address space of the process that reads a file, in addition to the size of the file"
    )
    reader_seconds: float = setting("30", SECONDS, "how long reading a file may take")
    model_memory: int = computed_setting(
        lambda: _model_memory(_machine_memory()),
        "2 GiB and three quarters of the machine's memory, but 4 to 12 GiB",
        NUMBER,
        "address space of the process that computes, in addition to the size of the network; `0` for no limit. "
        "TensorFlow takes 2 GiB of it at the start. There is no limit where a graphics card is used",
    )
    tile_seconds: float = setting(
        "120", SECONDS, "how long one step of a batch of tiles may take, including the first step, which compiles"
    )
    workers: int = computed_setting(
        lambda: _workers(), "half the number of processor cores", NUMBER, "processes that compute at the same time"
    )
    require_limits: tuple[str, ...] = setting(
        "none",
        NAMES,
        "limits of SECURITY.md without which no file is opened, with commas between; `all` for every one. Otherwise "
        "those that the system does not offer are left out, and named in the log",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "none",
        NAMES,
        "names under which the page may be reached, with commas between, beside `localhost`, the machine's own name "
        "and addresses in numbers; `*` stands for any letters. Requests under other names get no page",
    )
    trusted_proxies: tuple[str, ...] = setting(
        "none",
        NAMES,
        "addresses or networks of proxies before the page, with commas between. Of requests that come through them, "
        "the address in `X-Forwarded-For` is the person who shares the machine with others; else a browser is one",
    )
    ask_seconds: float = setting(
        "600", SECONDS, "the page asks before it begins what takes a worker longer than this; `0` to never ask"
    )
    request_seconds: float = setting(
        "86400", SECONDS, "how long all that one page asks for may take a worker, as estimated; `0` for no limit"
    )
    person_seconds: float = computed_setting(
        lambda: 86400.0 * _workers(),
        "a day for each worker",
        SECONDS,
        "how long workers may compute for one person in 24 hours, all together; `0` for no limit",
    )
    idle_seconds: float = setting("600", SECONDS, "how long a process that is not used keeps its model")
    kept_models: int = setting(
        "2", NUMBER, "models that keep a process while nobody uses them; the one unused for longest goes first"
    )
    max_size: int = setting("512", NUMBER, "the largest side of a tile in pixels")
    max_steps: int = setting("4096", NUMBER, "the most steps of gradient ascent for one tile")
    batch_bytes: int = setting("1GiB", NUMBER, "memory that the activations of one batch of tiles may take")
    vgg16_weights: Path | None = computed_setting(
        lambda: None,
        "not set",
        PATH,
        "VGG16's weights file; where this is not set, it is taken from Keras's cache or downloaded",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The defaults, overridden by the ``FILTERVIZ_*`` variables.

        Raises:
            ValueError: A variable does not hold what its setting needs; the sentence names it.

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
            kind: Kind = item.metadata["kind"]
            try:
                given[item.name] = kind.parse(text)
            except ValueError:
                raise ValueError(f"{variable} is {text!r}, which is not {kind.expected}.") from None
        return cls(**given)
