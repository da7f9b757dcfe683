"""Hostile and very large files in fresh processes whose memory the system limits; nothing asserts on time."""

import json
from pathlib import Path

import pytest

from support.hostile_files import ACCEPTED, REFUSED, write_sparse
from support.processes import python

REFUSED_BYTES, ACCEPTED_BYTES = 250_000_000, 420_000_000

# RLIMIT_DATA counts what is asked for, touched or not: stricter than what is resident.
CHILD = """
import io, json, pathlib, resource, sys
from PIL import Image
from fer_edge.faces.pictures import read_picture
from fer_edge.runtime.errors import PictureError

buffer = io.BytesIO()
Image.new("RGB", (64, 64), (9, 99, 200)).save(buffer, "PNG")
read_picture(buffer.getvalue())
status = pathlib.Path("/proc/self/status").read_text()
now = int(status.split("VmData:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (now + int(sys.argv[1]),) * 2)
said = {}
for path in sys.argv[2:]:
    try:
        frame = read_picture(path)
        said[path] = [frame.width, frame.height]
    except PictureError as error:
        said[path] = str(error)
eps = "PIL.EpsImagePlugin" in sys.modules
print(json.dumps({"said": said, "eps": eps}))
"""


def answers(limit, paths):
    if not Path("/proc/self/status").is_file():
        pytest.skip("the limit on a process's memory is Linux's")
    done = python("-W", "ignore", "-c", CHILD, limit, *paths, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_hostile_files_are_refused_in_little_memory(tmp_path):
    paths = {
        name: tmp_path / f"{index}.{suffix}" for index, (name, (suffix, _)) in enumerate(REFUSED.items())
    }
    for name, path in paths.items():
        path.write_bytes(REFUSED[name][1]())
    paths["sparse"] = write_sparse(tmp_path / "sparse.jpg")
    found = answers(REFUSED_BYTES, paths.values())
    for name, path in paths.items():
        said = found["said"][str(path)]
        assert isinstance(said, str), name
        assert said.startswith(f"{path} "), name
        assert "\n" not in said, name
        assert "memory than there is" not in said, name
        path.unlink()
    assert not found["eps"]  # so that Ghostscript can never be asked


@pytest.mark.slow
@pytest.mark.parametrize("name", ACCEPTED)
def test_the_largest_of_each_kind_is_read_in_bounded_memory(tmp_path, name):
    suffix, build = ACCEPTED[name]
    path = tmp_path / f"large.{suffix}"
    path.write_bytes(build())
    said = answers(ACCEPTED_BYTES, [path])["said"][str(path)]
    path.unlink()
    assert isinstance(said, list), said
