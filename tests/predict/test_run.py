"""A run over several sources."""

from pathlib import Path

from fer_edge.console.output import Output
from fer_edge.predict.batch.worker import Task
from fer_edge.predict.outputs.sink import Sink
from fer_edge.predict.result import PictureResult
from fer_edge.predict.run import Run
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.sources.source import Pictures


class Noted(Sink):
    """Knows one picture of an earlier run, and notes what it is given."""

    def __init__(self, known):
        self.known, self.given = known, []

    def recall(self, picture, sha256):
        return PictureResult(picture, [], sha256=sha256) if picture.file_name == self.known else None

    def write(self, result, pixels):  # noqa: ARG002
        self.given.append(result.picture.file_name)


class CountedBatch:
    """Workers that answer at once, but only when four pictures are underway."""

    jobs = 2

    def __init__(self):
        self.calls = 0

    def results(self, tasks):
        self.calls += 1
        for task in list(tasks):
            yield PictureResult(task.picture, []) if isinstance(task, Task) else task


def test_files_on_the_command_line_are_one_batch(tmp_path):
    """Each is a source of its own. One batch each would have the workers answer one picture at a time."""
    sources = []
    for number in range(4):
        path = Path(tmp_path, f"{number}.png")
        path.write_bytes(b"any")
        sources.append(Pictures([SourcePicture(path.name, str(path), path)]))
    batch, sink = CountedBatch(), Noted("2.png")
    tally = Run(None, [sink], Output(quiet=True), batch=batch, resume=True).look_at(sources)
    assert batch.calls == 1
    # What was recalled comes in its turn, though it was known before the others were answered.
    assert sink.given == ["0.png", "1.png", "2.png", "3.png"]
    assert (tally.total, tally.recalled) == (4, 1)
