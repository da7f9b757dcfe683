"""The same bytes in another process, folder, time zone, locale, hash seed and number of threads."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.runtime.variants import legal_variants
from support.paths import SOURCES, TESTS
from support.processes import environment

NAMES = [item.name for item in legal_variants(every=True) if item.format in ("torchscript", "onnx", "coreml")]
SCRIPT = """
import sys, warnings
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import conftest
from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Calibration, Request
from fer_edge.runtime.variants import Variant

warnings.simplefilter("ignore")
source = conftest.make_source()
held_out = conftest.smooth_pictures(8, 2)
calibration = Calibration(
    conftest.smooth_pictures(16, 1), held_out, conftest.probabilities_of(source, held_out)
)
memo = {}
for name in sys.argv[3:]:
    variant = Variant.parse(name)
    path = Path(sys.argv[2]) / variant.filename("small")
    find_format(variant.format).load().convert(Request(variant, source, calibration, path, memo))
"""


def start(folder, names, **changes):
    """Write the variants in a process of its own."""
    folder.mkdir(parents=True)
    here = Path(__file__)
    arguments = [sys.executable, "-c", SCRIPT, here.parent, folder, *names]
    # The network of the tests, without the threads' influence on its own statistics.
    settings = {"MKL_CBWR": "COMPATIBLE", **changes}
    return subprocess.Popen(
        list(map(str, arguments)), cwd=folder, env=environment(PYTHONPATH=f"{SOURCES}:{TESTS}", **settings),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "", path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
        if path.suffix != ".log"
    }  # fmt: skip


@pytest.mark.slow
def test_bytes_repeat(tmp_path):
    folders = tmp_path / "one", tmp_path / "two" / "deeper é"
    first = start(folders[0], NAMES, PYTHONHASHSEED=1, TZ="UTC", LC_ALL="C.UTF-8", OMP_NUM_THREADS=1)
    second = start(
        folders[1],
        NAMES[::-1],
        PYTHONHASHSEED=2,
        TZ="Asia/Tokyo",
        LC_ALL="C",
        PYTHONUTF8=1,
        OMP_NUM_THREADS=2,
    )
    for process in (first, second):
        _, complaints = process.communicate(timeout=300)
        assert process.returncode == 0, complaints
    one, two = (contents(folder) for folder in folders)
    assert len([name for name in one if "/" not in name]) == len(NAMES) == 21
    differing = [name for name in one if one[name] != two.get(name)]
    assert not differing
