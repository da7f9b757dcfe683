"""TypeScript's words are those of the Python description, and the lock file names no server."""

import json
import runpy

from support.paths import ROOT

GENERATED = runpy.run_path(str(ROOT / "web_demo/generate_words.py"))


def test_the_generated_words_are_up_to_date():
    assert GENERATED["WORDS"].read_text() == GENERATED["words"](), "run: python web_demo/generate_words.py"


def test_the_lock_file_names_hashes_and_no_server():
    packages = json.loads((ROOT / "web_demo/package-lock.json").read_text())["packages"]
    for name, entry in packages.items():
        if not name.startswith("node_modules/") or entry.get("link"):
            continue
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, f"{name}: run npm install with web_demo/.npmrc"
