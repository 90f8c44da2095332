"""How long a model worker takes until it is ready, and its memory, with and without packages that it leaves out.

    python -m benchmarks.worker_start [--pairs 5]

Keras imports h5py, matplotlib and pandas where they are installed; a worker does without them
(``filterviz.workers.child.main.LEFT_OUT``). Both ways are run in turn; the medians and their ratio are printed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from filterviz.settings import Settings
from filterviz.workers.parent.client import WorkerClient
from filterviz.workers.parent.process import WorkerProcess, worker_command
from filterviz.workers.wire.protocol import Role

WITH_ALL = "import filterviz.workers.child.main as program; program.LEFT_OUT = (); program.main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    pairs = parser.parse_args().pairs
    print(f"instructions of this processor: {', '.join(instructions())}")
    measured = [(start_once(worker_command(WITH_ALL)), start_once(worker_command())) for _ in range(pairs)]
    for what, at, unit in (("ready after", 0, "s"), ("memory", 1, "MiB")):
        before, after = (median(pair[way][at] for pair in measured) for way in (0, 1))
        ratio = median(pair[0][at] / pair[1][at] for pair in measured)
        print(f"{what}: with all {before:.2f} {unit}, without {after:.2f} {unit}; median ratio {ratio:.2f}")


def instructions() -> list[str]:
    """The wide instructions that this processor has, as Linux names them."""
    found = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in found]


def start_once(program: list[str]) -> tuple[float, float]:
    """Seconds until a worker is ready, and its resident memory in MiB."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with WorkerProcess(Role.MODEL, settings, Path(folder), program=program) as process:
            WorkerClient(process, settings).await_ready()
            return time.perf_counter() - began, process.resident_bytes / 2**20


if __name__ == "__main__":
    main()
