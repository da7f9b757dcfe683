"""A trial of a YuNet file in a process of its own: ``python -m fer_edge.faces.yunet_trial FILE``.

OpenCV reads ONNX in native code, which damaged bytes can crash, keep busy or make ask for all memory there is. So a file runs
here first, and the process that asked goes on whatever happens.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

LONGEST_SECONDS = 30
MOST_MEMORY = 4 << 30
SIZES = ((320, 320), (640, 480))
"""Width and height of the blank pictures that it runs on: multiples of its largest stride, 32."""


def why_not(path: Path) -> str:
    """Why OpenCV cannot run a file; empty if it can."""
    command = [sys.executable, "-m", __name__, str(path.absolute())]
    try:
        ended = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=LONGEST_SECONDS, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"OpenCV did not come to an end within {LONGEST_SECONDS} s"
    if ended.returncode == 0:
        return ""
    said = " ".join(ended.stdout.decode("utf-8", "replace").split())[:200]
    return said if ended.returncode == 1 and said else "OpenCV crashed"


def _try(path: Path) -> int:
    import cv2
    import numpy as np

    with contextlib.suppress(ImportError, ValueError, OSError):  # not everywhere
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    cv2.setNumThreads(1)
    content = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        for width, height in SIZES:
            network = cv2.FaceDetectorYN.create("onnx", content, np.empty(0, np.uint8), (width, height))
            network.detect(np.zeros((height, width, 3), np.uint8))
    except (cv2.error, MemoryError) as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_try(Path(sys.argv[1])))
