"""Exit statuses by which a worker process tells its parent why it ended."""

from __future__ import annotations

TRIPPED = 86
"""The tripwire ended the worker process, because it did something that no worker process has a reason to do."""
