"""The environment variables that a worker process is given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

KEPT_VARIABLES = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
)
"""Variables that are passed on if they are set: language, library folders, graphics cards and numbers of threads."""


def clean_environment(private: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a worker process: no keys or tokens of the server, and nothing that points into a home folder.

    Args:
        private: The private folder of the worker process.
        environment: The variables to take the harmless ones from; those of this process by default.
    """
    environment = os.environ if environment is None else environment
    kept = {name: environment[name] for name in KEPT_VARIABLES if name in environment}
    return {
        **kept,
        "HOME": str(private),
        "TMPDIR": str(private),
        "TEMP": str(private),
        "TMP": str(private),
        "KERAS_HOME": str(private),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Only a process with one thread may enter a new user namespace, so NumPy must not start threads of its own.
        "OPENBLAS_NUM_THREADS": "1",
    }
