"""How much faster filterviz is than other programs: the same layers, sizes and filters of VGG16, as ratios.

    python -m benchmarks.speed VGG16_WEIGHTS.h5 [--pairs 5] [--steps 8] [--peers build/peers]

filterviz and a peer alternate, so that other load on the machine affects both, and each measurement is divided by the
one next to it. ``contenders.py`` describes what is timed. Each peer is installed in its own environment, which shares
this one's TensorFlow; the row of a peer that cannot be installed or does not run says so. ``xplique`` optimises images
of the tile's size, ``xplique-512`` those of 512 pixels, its default.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]

LAYERS = ("block3_conv1", "block5_conv1")
SIZES = (64, 128)
OURS = ("natural", "classic", "natural-float32", "classic-float32")

COMMON = ("deprecated", "imageio", "packaging", "scipy", "wrapt")
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "tf-keras-vis": ("tf-keras-vis==0.8.7", *COMMON),
    "xplique": (
        *("xplique==2.0.2", *COMMON),
        *("cloudpickle", "contourpy", "cycler", "decorator", "dm-tree", "einops", "fonttools", "joblib", "kiwisolver"),
        *("lazy-loader", "matplotlib", "networkx", "opencv-python-headless", "pyparsing", "python-dateutil"),
        *("scikit-image", "scikit-learn", "tensorflow-probability", "threadpoolctl", "tifffile"),
    ),
}
"""What each library needs beside TensorFlow. Without dependencies, as those would bring another TensorFlow."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program that makes such patterns.

    Attributes:
        name: Its name in ``contenders.py``.
        target: How many times faster filterviz should be, in the precision that it chooses.
        target_float32: and in float32; ``None`` where nothing was promised.
        environment: Key of :data:`PACKAGES`; ``None`` where nothing but TensorFlow is needed.
    """

    name: str
    target: float
    target_float32: float | None = None
    environment: str | None = None

    def target_of(self, ours: str) -> float | None:
        return self.target_float32 if ours.endswith("float32") else self.target


PEERS = (
    Peer("script", 3.0, 1.6),
    Peer("keras.io", 3.0),
    Peer("tf-keras-vis", 5.0, environment="tf-keras-vis"),
    Peer("xplique", 10.0, environment="xplique"),
    Peer("xplique-512", 10.0, environment="xplique"),
)


class DoesNotRun(Exception):
    """A contender could not be installed or started, or ended before its time."""


class Contender:
    """A process that times itself. See ``contenders.py``."""

    def __init__(self, python: Path, name: str, layer: str, size: int, weights: Path, *, legacy: bool = False) -> None:
        # A peer's environment does not see this one, and only peers that cannot use Keras 3 get Keras 2.
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1" if legacy else "0"}
        environment["PYTHONPATH"] = str(ROOT) if name in OURS else ""
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [python, ROOT / "benchmarks" / "contenders.py", name, layer, str(size), str(weights)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
            env=environment,
        )

    def __enter__(self) -> Self:
        try:
            self._line()
        except DoesNotRun:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Nothing is lost by ending it: it has answered every request.
        self._process.kill()
        self._process.wait()
        self._log.close()

    def measure(self, steps: int) -> float:
        """Seconds per tile and step."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the reading below reports whether and why it ended
            print(steps, file=self._process.stdin)
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return line.strip()
        self._log.seek(0)
        said = [line for line in self._log.read().splitlines() if line.strip()]
        raise DoesNotRun(said[-1].strip() if said else "ended without a word")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers", help="where they are installed")
    parser.add_argument("--layers", nargs="+", default=LAYERS)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--ours", nargs="+", default=OURS, choices=OURS)
    parser.add_argument("--against", nargs="+", default=[peer.name for peer in PEERS])
    arguments = parser.parse_args()
    peers = [peer for peer in PEERS if peer.name in arguments.against]
    # The weights are fetched before anything is timed.
    pythons = {peer.environment: python_of(peer.environment, arguments.peers) for peer in peers}

    print(f"milliseconds per tile and step; medians of {arguments.pairs} pairs; [least - most of the ratios]")
    print(f"{'layer':14}{'px':>4}  {'ours':17}{'against':14}{'ours':>8}{'theirs':>9}{'ratio':>8}  {'spread':15} target")
    for layer in arguments.layers:
        for size in arguments.sizes:
            for ours in arguments.ours:
                with Contender(Path(sys.executable), ours, layer, size, arguments.weights) as own:
                    for peer in peers:
                        row = f"{layer:14}{size:4}  {ours:17}{peer.name:14}"
                        work = (layer, size, arguments.weights)
                        found = compare(own, peer, pythons[peer.environment], work, arguments.steps, arguments.pairs)
                        print(
                            row + (found if isinstance(found, str) else told(found, peer.target_of(ours))), flush=True
                        )


def compare(
    own: Contender, peer: Peer, python: Path | str, work: tuple[str, int, Path], steps: int, pairs: int
) -> list[tuple[float, float]] | str:
    """The times of filterviz and of the peer, pair by pair, or the reason why there are none."""
    if isinstance(python, str):
        return python
    errors = []
    for legacy in (False, True):
        try:
            with Contender(python, peer.name, *work, legacy=legacy) as other:
                # One turn each is not counted: the first is never like the others.
                own.measure(steps)
                other.measure(steps)
                return [(own.measure(steps), other.measure(steps)) for _ in range(pairs)]
        except DoesNotRun as error:
            errors.append(f"{'Keras 2' if legacy else 'Keras 3'}: {error}")
    return "does not run. " + " ".join(errors)


def told(found: list[tuple[float, float]], target: float | None) -> str:
    """The columns of the results."""
    ratios = [theirs / ours for ours, theirs in found]
    ours, theirs = (1000 * statistics.median(times) for times in zip(*found, strict=True))
    ratio = statistics.median(ratios)
    spread = f"[{min(ratios):.2f} - {max(ratios):.2f}]"
    aim = "" if target is None else f"{target:6.1f}x  {'reached' if ratio >= target else 'missed'}"
    return f"{ours:8.2f}{theirs:9.2f}{ratio:7.2f}x  {spread:15}{aim}"


def python_of(environment: str | None, folder: Path) -> Path | str:
    """The interpreter of a peer's environment, which is installed if needed, or the reason why there is none."""
    if environment is None:
        return Path(sys.executable)
    home = (folder / environment).absolute()
    python = home / "bin" / "python"
    complete = home / "complete"
    if complete.exists() and complete.read_text(encoding="utf-8").split() == list(PACKAGES[environment]):
        return python
    print(f"installing {environment} in {home}", file=sys.stderr)
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True, capture_output=True, text=True)
        own = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
        (own / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        subprocess.run([*install, *PACKAGES[environment]], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.splitlines() if line.strip()]
        return "cannot be installed: " + (said[-1] if said else str(error))
    complete.write_text("\n".join(PACKAGES[environment]), encoding="utf-8")
    return python


if __name__ == "__main__":
    main()
