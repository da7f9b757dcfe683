"""A job for the night: everything new in a folder goes into the database, then a table of emotions by folder.

    python batch_job.py photos results.db --model bundle
    python batch_job.py photos results.db --runner ray    # over the workers of a Ray cluster

Needs: pip install '.[predict,tflite]' (and '.[ray]'). Run it again at any time, also after a kill: what is in the database is
not computed twice. A damaged file does not end the job; it is named, tried again the next night, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path, PurePosixPath


def main() -> int:
    """Fill the database, print the table; the exit code is that of fer-predict."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("database", type=Path)
    asked, further = parser.parse_known_args()  # all else is fer-predict's: --model, --variant, --runner ...
    command = ["fer-predict", asked.folder, "--db", asked.database, "--quiet", *further]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if (
        ended not in (0, 1) or not asked.database.exists()
    ):  # 1: some pictures could not be read, and are named
        return ended
    for folder, emotions in sorted(count(asked.database).items()):
        words = ", ".join(f"{emotion} {number}" for emotion, number in emotions.most_common())
        print(f"{folder}: {words}")
    return ended


def count(database: Path) -> dict[str, Counter[str]]:
    """Folder -> emotion -> faces. `predictions` has a row a face; `fer-predict db export` gives the prediction JSON."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        for name, emotion in connection.execute("SELECT file_name, emotion FROM predictions"):
            found[str(PurePosixPath(name).parent)][emotion] += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
