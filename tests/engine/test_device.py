from __future__ import annotations

from pathlib import Path

import pytest

from filterviz.engine import device
from filterviz.spec import Precision


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("fpu avx2 avx512f avx512_bf16 amx_tile", Precision.BFLOAT16),
        ("fpu avx2 amx_bf16", Precision.BFLOAT16),
        ("fpu avx2 avx512f amx_tile", Precision.FLOAT32),
        ("fpu avx512_bf16_of_another_kind", Precision.FLOAT32),
        (None, Precision.FLOAT32),
    ],
)
def test_bfloat16_is_for_processors_that_multiply_it(
    flags: str | None, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_text(_path: Path, **_options: object) -> str:
        if flags is None:
            raise FileNotFoundError("/proc/cpuinfo")
        return f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 5000\n"

    monkeypatch.setattr(Path, "read_text", read_text)
    assert device.best_precision.__wrapped__() is precision


def test_after_the_warm_up_the_machine_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker process may not read ``/proc`` once it has read a file."""
    device.warm_up()

    def read_text(_path: Path, **_options: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", read_text)
    assert device.best_precision() in (Precision.FLOAT32, Precision.BFLOAT16)
    assert device.best_precision.cache_info().currsize == 1
