"""A worker process inherits nothing that it does not need."""

from __future__ import annotations

import os
from pathlib import Path

from filterviz.workers.parent.environment import clean_environment


def test_the_environment_holds_nothing_of_the_servers(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, {"AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": "/evil", "LANG": "C.UTF-8"})
    assert environment["LANG"] == "C.UTF-8"
    assert environment["HOME"] == environment["TMPDIR"] == environment["KERAS_HOME"] == str(tmp_path)
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PATH"} & environment.keys()
    assert set(clean_environment(tmp_path)) <= environment.keys() | os.environ.keys()
