"""The surroundings of an export's processes: everywhere the same, so that nothing of the user's reaches a file.

Libraries read most of them while they load, and Python its seed when it starts. The command therefore starts over in the
surroundings of its children before it has loaded anything; then these can be forked from it (``forked``) instead of
importing PyTorch once each.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

AT_START = {
    # One thread everywhere: the number of threads changes bits, and formats run side by side.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONHASHSEED": "0",
    # The reference is the CPU's arithmetic.
    "CUDA_VISIBLE_DEVICES": "",
}
"""What must be there before Python starts or a library loads."""
LATER = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}
"""What a child may still put on; the command itself keeps the user's language."""
ENVIRONMENT = {**AT_START, **LATER}
COMMANDS = ("fer-export", "fer-verify")
"""Scripts that may start over."""
_STARTED = "FER_EDGE_STARTED_OVER"


def start_over() -> None:
    """Replace this process by one that does the same in the surroundings of its children; return where that is not to be had.

    Nothing happens where the process is somebody else's, such as a notebook or a test, or not on Linux, where children are
    started afresh.
    """
    again = os.environ.pop(_STARTED, None)
    if again or is_even() or not _is_command():
        return
    changes = {**AT_START, "PYTHONSAFEPATH": "1", "PYTHONPATH": python_path(), _STARTED: "1"}
    with contextlib.suppress(OSError):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **changes})  # noqa: S606 - this very command


def is_even() -> bool:
    """Whether this process has the surroundings of its children and is nobody else's, so that they may be forked from it."""
    return (
        _is_command()
        and sys.flags.hash_randomization == 0
        and bool(sys.flags.safe_path)
        and sys.getfilesystemencoding() == "utf-8"
        and all(os.environ.get(name) == value for name, value in AT_START.items())
    )


def _is_command() -> bool:
    """Whether the process was started as one of our commands, on Linux: by its script, or by ``python -m``."""
    if sys.platform != "linux" or not sys.executable:
        return False
    module = getattr(sys.modules.get("__main__"), "__spec__", None)
    if module is not None:
        return bool(module.name.startswith("fer_edge."))
    return Path(sys.argv[0]).name in COMMANDS


def python_path() -> str:
    """Folders in which a process of ours finds fer_edge, also when it is not installed."""
    found = [
        str(Path(entry).absolute()) for entry in sys.path if entry and (Path(entry) / "fer_edge").is_dir()
    ]
    return os.pathsep.join([*found, *filter(None, [os.environ.get("PYTHONPATH")])])
