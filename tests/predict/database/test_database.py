"""The database of results: what was stored comes back, whatever happens to those who write."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fer_edge.predict.database.file import APPLICATION, VERSION, open_for_reading
from fer_edge.predict.database.reading import read_images, read_models, stored_document
from fer_edge.predict.database.writing import Asked, DatabaseWriter, sha256_of_pixels
from fer_edge.predict.identity import ModelIdentity
from fer_edge.predict.outputs.document import prediction_document
from fer_edge.predict.result import PictureResult, RecognizedFace
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime import Prediction
from fer_edge.runtime.errors import FerEdgeError

MODEL = ModelIdentity("fer-mini", "tflite-fp32", "a" * 64, "litert 1")
ASKED = Asked(MODEL, 0.5, settings={"detector": "haar"})
WRITER = """
import sys
from test_database import ASKED, DatabaseWriter, picture_result, sha
first, count = int(sys.argv[2]), int(sys.argv[3])
writer = DatabaseWriter(sys.argv[1], ASKED)
print("open", flush=True)
for number in range(first, first + count):
    writer.write(picture_result(number, faces=3), sha(number))
    print(number, flush=True)
writer.close()
"""


def sha(number):
    return f"{number:064x}"


def picture_result(number, faces=1, *, name=None, frame=None, seed=None):
    """A picture with faces whose probabilities are float32 numbers of a fixed stream."""
    stream = np.random.default_rng(number if seed is None else seed)
    found = []
    for face in range(faces):
        shares = stream.dirichlet(np.ones(3)).astype(np.float32)
        labels = ("neutral", "happiness", "fear")
        found.append(RecognizedFace(face + 1, (face, 2, face + 30, 40), Prediction.of(labels, shares)))
    name = name or f"{number}.png"
    picture = SourcePicture(
        name, name, Path("/pictures") / name, frame=frame, time_seconds=frame and frame / 3
    )
    return PictureResult(picture, found, size=(640, 480), sha256=sha(number))


@pytest.fixture
def place(tmp_path):
    return tmp_path / "results.db"


def store(place, *results, asked=ASKED):
    with closing(DatabaseWriter(place, asked)) as writer:
        for result in results:
            writer.write(result, result.sha256)


def stored(place, **asked):
    with closing(open_for_reading(place)) as connection:
        return list(read_images(connection, **asked))


def names(place):
    return [image.result.picture.file_name for image in stored(place)]


def test_the_document_comes_back_byte_for_byte(place):
    results = [picture_result(number, faces=number % 4) for number in range(40)]
    store(place, *results)
    for asked in ((None, None), (0.25, None), (0.9, True)):
        threshold, probabilities = asked[0] or 0.5, bool(asked[1])
        wanted = prediction_document(results, threshold=threshold, probabilities=probabilities)
        assert json.dumps(stored_document(stored(place), *asked)) == json.dumps(wanted)


def test_the_files_beside_it_are_gone_when_all_have_closed(place):
    store(place, picture_result(1))
    stored(place)
    assert [path.name for path in place.parent.iterdir()] == ["results.db"]


def test_the_same_picture_again_updates(place):
    store(place, picture_result(1, faces=3), picture_result(2))
    store(place, picture_result(1, faces=2, seed=9))
    assert names(place) == ["2.png", "1.png"]
    with closing(sqlite3.connect(place)) as plain:
        counts = [
            plain.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("images", "faces", "emotions")
        ]
    assert counts == [2, 3, 9]
    assert stored(place)[1].result.faces == picture_result(1, faces=2, seed=9).faces


def test_other_content_or_place_or_frame_or_model_is_another_row(place):
    store(
        place,
        picture_result(1, name="a.png"),
        picture_result(2, name="a.png"),
        picture_result(1, name="b.png"),
    )
    store(place, *(picture_result(1, name="a.png", frame=frame) for frame in (0, 1, 0)))
    other = ModelIdentity("fer-mini", "tflite-int8", "b" * 64, "litert 1")
    store(place, picture_result(1, name="a.png"), asked=Asked(other, 0.5))
    with closing(open_for_reading(place)) as connection:
        assert [(model.identity.variant, model.images) for model in read_models(connection)] == [
            ("tflite-int8", 1),
            ("tflite-fp32", 5),
        ]


def test_names_that_are_no_text(place):
    result = picture_result(1, name=os.fsdecode(b"caf\xe9.png"))
    store(place, result, result)
    assert names(place) == [os.fsdecode(b"caf\xe9.png")]


def test_what_is_recalled_of_an_earlier_run(place):
    store(place, *(picture_result(number) for number in range(3)))
    with closing(DatabaseWriter(place, Asked(MODEL, 0.1, settings={"detector": "haar"}))) as writer:
        found = [writer.recall(picture_result(number).picture, sha(number)) for number in (2, 0, 7)]
        assert found == [picture_result(2), picture_result(0), None]
        copy = picture_result(1, name="copy.png")
        assert writer.recall(copy.picture, sha(1)) == copy
        for result in (*found[:2], copy):
            writer.write(result, result.sha256)
    assert names(place) == ["1.png", "2.png", "0.png", "copy.png"]
    assert [image.threshold for image in stored(place)] == [0.5, 0.1, 0.1, 0.1]
    with closing(DatabaseWriter(place, Asked(MODEL, 0.5, settings={"detector": "other"}))) as writer:
        assert writer.recall(picture_result(1).picture, sha(1)) is None


def test_pages(place):
    store(place, *(picture_result(number) for number in range(7)))
    page = stored(place, limit=3)
    assert [image.position for image in page] == [1, 2, 3]
    assert [image.position for image in stored(place, after=page[-1].position, limit=3)] == [4, 5, 6]
    newest = stored(place, limit=3, newest_first=True)
    assert [image.position for image in newest] == [7, 6, 5]
    assert [image.position for image in stored(place, after=5, newest_first=True)] == [4, 3, 2, 1]


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}


def start_writer(place, first, count):
    return subprocess.Popen(
        [sys.executable, "-B", "-c", WRITER, str(place), str(first), str(count)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip


def run_script(script, place):
    command = [sys.executable, "-B", "-c", script, place]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)


def test_two_writers_at_once_lose_nothing(place):
    """They begin at the same time, so that both would make the file."""
    writers = [start_writer(place, first, 60) for first in (0, 1000, 2000)]
    for writer in writers:
        assert writer.communicate()[1] == ""
        assert writer.returncode == 0
    found = stored(place)
    assert {image.result.sha256 for image in found} == {
        sha(first + number) for first in (0, 1000, 2000) for number in range(60)
    }
    assert [image.position for image in found] == list(range(1, 181))
    assert all(map(same_faces, found))


def same_faces(image):
    return image.result.faces == picture_result(int(image.result.sha256, 16), faces=3).faces


def test_killed_again_and_again(place):
    """Whatever was told to be stored is there, and no picture lacks a face."""
    told = set()
    for turn in range(8):
        writer = start_writer(place, 100 * turn, 100)
        for _ in range(2 + 5 * turn):
            line = writer.stdout.readline()
            if line.strip().isdigit():
                told.add(sha(int(line)))
        time.sleep(0.002 * turn)
        writer.send_signal(signal.SIGKILL)
        told |= {sha(int(line)) for line in writer.communicate()[0].split() if line.isdigit()}
    found = stored(place)
    assert told <= {image.result.sha256 for image in found}
    assert all(map(same_faces, found))
    with closing(sqlite3.connect(place)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("turn", range(6))
def test_killed_while_it_is_made(place, turn):
    writer = start_writer(place, 0, 1)
    while not place.exists() and writer.poll() is None:
        time.sleep(0.0005)
    time.sleep(0.001 * turn)
    writer.kill()
    writer.communicate()
    store(place, picture_result(5))
    assert "5.png" in names(place)


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from test_database import ASKED, DatabaseWriter, picture_result, sha, FerEdgeError
writer = DatabaseWriter(sys.argv[1], ASKED)
for number in range(100_000):
    try:
        writer.write(picture_result(number, faces=3), sha(number))
    except FerEdgeError as error:
        print(number, error)
        break
try:
    writer.close()
except FerEdgeError:
    pass
"""


def test_a_file_that_may_not_grow(place):
    done = run_script(FULL, place)
    assert (done.returncode, done.stderr) == (0, "")
    count, _, sentence = done.stdout.partition(" ")
    assert "what was stored in it before is kept" in sentence
    assert len(stored(place)) == int(count) > 5
    store(place, picture_result(10**6))
    assert all(map(same_faces, stored(place)[:-1]))


def refused(place, words):
    before = place.read_bytes()
    for opening in (open_for_reading, lambda path: DatabaseWriter(path, ASKED)):
        with pytest.raises(FerEdgeError, match=words):
            opening(place)
    assert place.read_bytes() == before
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_files_that_are_not_ours_stay_as_they_are(place):
    place.write_text("no database")
    refused(place, "no database of fer-predict")
    place.write_bytes(b"SQLite format 3\0" + b"\0" * 10)
    refused(place, "no database of fer-predict")
    place.unlink()
    with closing(sqlite3.connect(place)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE images (id)")
    refused(place, "another program")
    place.unlink()
    store(place, picture_result(1))
    with closing(sqlite3.connect(place)) as newer:
        newer.execute(f"PRAGMA user_version={VERSION + 1}")
    refused(place, f"version {VERSION + 1}")


def test_places_where_no_database_can_be(tmp_path):
    with pytest.raises(FerEdgeError, match="is no file"):
        DatabaseWriter(tmp_path, ASKED)
    with pytest.raises(FerEdgeError, match=r"folder .* does not exist"):
        DatabaseWriter(tmp_path / "none" / "results.db", ASKED)
    with pytest.raises(FerEdgeError, match="does not exist"):
        open_for_reading(tmp_path / "results.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(FerEdgeError, match="is empty"):
        open_for_reading(tmp_path / "empty.db")
    store(tmp_path / "empty.db", picture_result(1))
    assert names(tmp_path / "empty.db") == ["1.png"]


def test_a_damaged_file(place):
    store(place, *(picture_result(number, faces=5) for number in range(60)))
    whole = bytearray(place.read_bytes())
    whole[4096:] = bytes(len(whole) - 4096)
    place.write_bytes(whole)
    with pytest.raises(FerEdgeError, match=r"damaged|cannot use"):
        store(place, picture_result(1))


def test_its_header_tells_what_it_is(place):
    store(place, picture_result(1))
    with closing(sqlite3.connect(place)) as plain:
        pragmas = [
            plain.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        ]
        assert plain.execute("SELECT file_name, face_id, model FROM predictions").fetchall() == [
            ("1.png", 1, "fer-mini")
        ]
    assert pragmas == [APPLICATION, VERSION, "wal"]


READ_ONLY = """
import sys
from test_database import *
if os.geteuid() == 0:  # nothing is read-only to root
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    print(len(stored(Path(sys.argv[1]))))
    DatabaseWriter(sys.argv[1], ASKED)
except FerEdgeError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_read_only_file_in_a_read_only_folder():
    # Not below pytest's folder, which is private.
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "results.db")
        store(place, picture_result(1))
        place.chmod(0o444)
        place.parent.chmod(0o555)
        done = run_script(READ_ONLY, place)
        place.parent.chmod(0o755)
    assert done.stdout.startswith("1\ncannot use "), done.stderr
    assert "read-only" in done.stdout


def test_frames_are_told_apart_by_their_pixels():
    frame = np.zeros((4, 6, 3), np.uint8)
    assert sha256_of_pixels(frame) != sha256_of_pixels(frame.reshape(6, 4, 3))
