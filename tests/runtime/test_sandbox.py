"""A process that verifies may write in its own folder only; tried from inside, in a fresh interpreter."""

import json
import subprocess
import sys
import textwrap

import pytest

from fer_edge.runtime import sandbox

needs_landlock = pytest.mark.skipif(sandbox.version() == 0, reason="this kernel has no Landlock")

TRIALS = {
    "write inside": "open(mine / 'new', 'w').write('x')",
    "folder inside": "(mine / 'folder').mkdir(); (mine / 'folder' / 'a').write_text('x')",
    "replace inside": "(mine / 'new').replace(mine / 'newer')",
    "null": "open('/dev/null', 'w').write('x')",
    "read outside": "(others / 'there').read_text()",
    "new file": "open(others / 'new', 'w')",
    "append": "open(others / 'there', 'a').write('x')",
    "truncate": "os.truncate(others / 'there', 0)",
    "remove": "(others / 'there').unlink()",
    "rename": "(others / 'there').rename(others / 'then')",
    "carry in": "(others / 'there').rename(mine / 'there')",
    "carry out": "(mine / 'newer').rename(others / 'newer')",
    "folder": "(others / 'folder').mkdir()",
    "link": "(others / 'link').symlink_to('/etc/passwd')",
    "pipe": "os.mkfifo(others / 'pipe')",
    "through a link inside": "(mine / 'way').symlink_to(others); open(mine / 'way' / 'new', 'w')",
    "by a child": "import subprocess; subprocess.run(['touch', str(others / 'new')], check=True, stderr=-3)",
    "by a thread": "import concurrent.futures as c; c.ThreadPoolExecutor(1).submit(open, others / 'new', 'w').result()",
    "connect": "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
}
ALLOWED = {"write inside", "folder inside", "replace inside", "null", "read outside"}


@needs_landlock
def test_nothing_is_written_outside_of_the_folder(tmp_path):
    mine, others = tmp_path / "mine", tmp_path / "others"
    for folder in (mine, others):
        folder.mkdir()
    (others / "there").write_text("as it was")
    script = textwrap.dedent(f"""
        import json, os, pathlib
        from fer_edge.runtime.sandbox import forbid_writing
        mine, others = pathlib.Path({str(mine)!r}), pathlib.Path({str(others)!r})
        assert forbid_writing(outside=mine)
        ends = {{}}
        for name, code in {TRIALS!r}.items():
            try:
                exec(code)
                ends[name] = "done"
            except Exception as error:
                ends[name] = type(error).__name__
        print(json.dumps(ends))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ends = json.loads(done.stdout)
    assert {name for name, end in ends.items() if end == "done"} == ALLOWED
    assert set(ends.values()) <= {"done", "PermissionError", "OSError", "CalledProcessError"}
    assert [path.name for path in others.iterdir()] == ["there"]
    assert (others / "there").read_text() == "as it was"


@needs_landlock
def test_a_second_time_and_a_folder_that_is_not_there(tmp_path):
    script = "import sys, pathlib; from fer_edge.runtime.sandbox import forbid_writing as f; f(outside=pathlib.Path(sys.argv[1]))"
    lost = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "absent")], capture_output=True, text=True, check=False
    )
    assert "FileNotFoundError" in lost.stderr
