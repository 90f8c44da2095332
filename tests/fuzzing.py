"""Damage good files at random and open them as the reader child would: every outcome is a model or a refusal.

Each file is opened by a forked process under the limits and the tripwire of production, so that a crash, a hang or an
attempt to touch anything else costs one batch and is found out. The same numbers give the same damage::

    python -m tests.fuzzing FIRST COUNT       prints what became of each kind of file, and exits 1 if anything was wrong
"""

from __future__ import annotations

import importlib
import io
import os
import random
import select
import signal
import struct
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filterviz.errors import Refused
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.workers.child import limits
from filterviz.workers.child.main import LOADED_EARLY
from filterviz.workers.child.tripwire import Tripwire, arm
from filterviz.workers.wire.protocol import TRIPPED
from tests import keras_files

BATCH = 100
LONGEST = 5.0
"""Seconds after which an opening counts as a hang."""

SMALLEST_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF)
LARGE_NUMBERS = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)
JSON_VALUES = (
    b"null",
    b"-1",
    b"0",
    b"1e999",
    b"[]",
    b"{}",
    b'"x"',
    b"true",
    b"4294967296",
    b"[[[]]]",
    b"NaN",
    b"[null]",
)
KEPT = Path("build", "fuzz")
"""Where files go that broke something."""


@dataclass
class Report:
    """What became of the files, and what should not have.

    Attributes:
        outcomes: how often each family had each outcome.
        faults: number and family of a file, and what happened.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    def table(self) -> str:
        """The outcomes as text, a line for each."""
        total: Counter[str] = Counter()
        for (_, outcome), count in self.outcomes.items():
            total[outcome] += count
        lines = [f"{count:7}  {outcome}" for outcome, count in total.most_common()]
        return "\n".join([*lines, f"{sum(total.values()):7}  files, {len(self.faults)} faults"])


def damage(content: bytes, chance: random.Random) -> bytes:
    """A file with one to four things wrong with it."""
    if content.startswith(b"PK") and chance.random() < 0.7:
        return _damaged_member(content, chance)
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        _damage_once(damaged, chance)
    return bytes(damaged)


def _damaged_member(content: bytes, chance: random.Random) -> bytes:
    """An archive that is sound, with a member that is not; otherwise its checksums would keep all damage out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    # The arrays twice: there is most to damage in them.
    victim = chance.choice([*sorted(members), *(name for name in members if name.endswith(".h5"))])
    members[victim] = damage(members[victim], chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return packed.getvalue()


def _damage_once(content: bytearray, chance: random.Random) -> None:
    if not content:
        return
    place = chance.randrange(len(content))
    length = min(chance.choice((1, 2, 4, 8, 16, 64, 512)), len(content) - place)
    match chance.randrange(8):
        case 0:
            content[place] ^= 1 << chance.randrange(8)
        case 1:
            content[place] = chance.choice(SMALLEST_NUMBERS)
        case 2:
            number = struct.pack("<Q", chance.choice(LARGE_NUMBERS))
            content[place : place + min(length, 8)] = number[: min(length, 8)]
        case 3:
            content[place : place + length] = chance.randbytes(length)
        case 4:
            other = chance.randrange(len(content))
            content[place : place + length] = content[other : other + length]
        case 5:
            del content[place : place + length]
        case 6:
            content[place:place] = content[place : place + length]
        case _:
            _damage_text(content, place, chance)


def _damage_text(content: bytearray, place: int, chance: random.Random) -> None:
    """Put another value where the next one in a JSON text stands, or cut the file off where there is none."""
    colon = content.find(b'": ', place)
    if colon < 0:
        del content[place:]
        return
    end = min((found for sign in b",]}" if (found := content.find(sign, colon)) >= 0), default=len(content))
    value = chance.choice(JSON_VALUES)
    # Of the same length where that is possible, so that the rest of the file keeps its place.
    content[colon + 3 : end] = value.ljust(end - colon - 3)


def run(first: int, count: int, folder: Path) -> Report:
    """Open ``count`` damaged files, from number ``first`` on, each family in its turn.

    Args:
        first: number of the first file.
        count: of files.
        folder: where they are written, one after the other.
    """
    warnings.simplefilter("ignore")  # pyfive's, about the damage
    for name in LOADED_EARLY:
        importlib.import_module(name)
    seeds = sound_files(folder)
    report = Report()
    numbers = iter(range(first, first + count))
    while batch := [number for _, number in zip(range(BATCH), numbers, strict=False)]:
        while batch:
            for number, outcome, fault in _open_batch(batch, seeds, folder):
                family = seeds[number % len(seeds)][0]
                report.outcomes[family, outcome] += 1
                if fault:
                    report.faults.append((number, family, fault))
                batch = batch[1:]
    return report


def sound_files(folder: Path) -> list[tuple[str, bytes]]:
    """One small network as generations of Keras would have saved it, and in a zip archive with names of its classes.

    Args:
        folder: where they are written.
    """
    files = [(path.name, path.read_bytes()) for path in keras_files.write_all(folder)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("keras_model.h5", dict(files)["keras_2_1.h5"])
        archive.writestr("labels.txt", b"0 Cat\n1 Dog\n")
    return [*files, ("converted_keras.zip", packed.getvalue())]


def damaged_file(number: int, seeds: list[tuple[str, bytes]]) -> bytes:
    """The file of that number."""
    return damage(seeds[number % len(seeds)][1], random.Random(number))


def _open_batch(
    batch: list[int], seeds: list[tuple[str, bytes]], folder: Path
) -> Iterator[tuple[int, str, str | None]]:
    """Open files in a forked process, until the batch is through or the process is dead.

    Yields:
        For each file opened: its number, the outcome, and what was wrong about it.
    """
    heard, said = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            _serve(batch, seeds, folder, said)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(said)
    with os.fdopen(heard, "rb") as answers:
        for number in batch:
            ready, _, _ = select.select([answers], [], [], LONGEST)
            line = answers.readline().decode() if ready else ""
            if line:
                outcome, _, fault = line.rstrip("\n").partition("\t")
                yield number, outcome, fault or None
                continue
            if not ready:
                os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
            code = os.waitstatus_to_exitcode(status)
            outcome = "hang" if not ready else "tripwire" if code == TRIPPED else f"death ({code})"
            yield number, outcome, outcome
            return
    os.waitpid(process, 0)


def _serve(batch: list[int], seeds: list[tuple[str, bytes]], folder: Path, said: int) -> None:
    """Open each file of a batch and say what became of it."""
    path = folder / "damaged"
    settings = Settings()
    limits.confine(folder)
    limits.limit_memory(_address_space() + settings.reader_memory)
    arm(Tripwire(model=path, private=folder))
    for number in batch:
        path.write_bytes(damaged_file(number, seeds))
        os.write(said, (_open(path, settings) + "\n").encode())


def _open(path: Path, settings: Settings) -> str:
    """Open a file and read all its weights; the outcome, with what is wrong about it behind a tab."""
    try:
        with open_model(path, settings) as model:
            for layer in model.spec.layers:
                model.weights(layer)
        return "opens"
    except Refused as refusal:
        return f"refused: {refusal.code.value}"
    except BaseException as error:
        frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        return f"{type(error).__name__}\t{type(error).__name__} at {' '.join(frames[-4:])}"


def _address_space() -> int:
    status = Path("/proc/self/status")
    sizes = (int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmSize"))
    return next(sizes)


def main() -> int:
    """Fuzz, print the table, keep the files that broke something; 1 if there were any."""
    first, count = (int(argument) for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = run(first, count, folder)
        print(report.table())
        seeds = sound_files(folder)
    for number, family, fault in report.faults:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{number}-{family}").write_bytes(damaged_file(number, seeds))
        print(f"{KEPT / f'{number}-{family}'}: {fault}")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
