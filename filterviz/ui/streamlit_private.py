"""All access to parts of Streamlit that are not its public interface; each falls back to something harmless."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.web import cli


def has_visitor() -> bool:
    """Whether a page is being drawn for somebody in this thread."""
    return get_script_run_ctx(suppress_warning=True) is not None


def came_through_history() -> bool:
    """Whether the visitor came to this address by going back or forward in the browser."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def connection() -> Callable[[], bool]:
    """Return what tells, in any thread, whether the page that is being drawn is still open in a browser."""
    context = get_script_run_ctx(suppress_warning=True)

    return lambda: context is None or is_active(context.session_id)


def is_active(session: str) -> bool:
    """Whether a page is open under the number of a session; any thread may ask."""
    try:
        return bool(get_instance().is_active_session(session))
    except RuntimeError:  # no server of Streamlit's runs
        return True


GivenFile = UploadedFile
"""A file as an upload field gives it."""


def release(file: GivenFile) -> None:
    """Drop the bytes of an upload, which Streamlit would keep in memory for as long as the visitor stays.

    Its own chat input does the same. A manager of another kind is left alone.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=file.file_id)


def run_script(script: Path, options: Sequence[str]) -> None:
    """Serve a script until the process is told to stop, as ``streamlit run`` does.

    Args:
        script: Path of the script. Streamlit reads ``.streamlit/config.toml`` in its folder.
        options: Options of ``streamlit run``, such as ``--server.port=8501``.
    """
    cli.main(["run", *options, str(script)], standalone_mode=False)
