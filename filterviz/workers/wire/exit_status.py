"""Exit statuses by which a worker process tells its parent why it ended."""

from __future__ import annotations

TRIPPED = 86
"""The tripwire ended the process, because it was about to do something that no worker process needs to do."""
