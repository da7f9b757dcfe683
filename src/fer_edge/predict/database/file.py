"""The database file: its tables, how it is made, and the sentence for every file that is none of ours.

SQLite in WAL mode: readers never wait, a killed process loses nothing that was stored, and writers take turns. It lies on a
disk of this machine: SQLite's locks do not hold on network drives.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.paths import kind_of

APPLICATION = 0x46455245
"""``FERE`` in the header of the file (``PRAGMA application_id``), by which ``file`` and we tell it from other programs' files."""
VERSION = 1
"""Of the tables (``PRAGMA user_version``)."""
PATIENCE = 60.0
"""Seconds that a writer waits for its turn."""

TABLES = """
CREATE TABLE models (              -- what answered
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,          -- of the contract, such as fer-mini
  variant  TEXT NOT NULL,          -- such as tflite-int8; the file's name where that does not tell
  sha256   TEXT NOT NULL,          -- of the artifact
  engine   TEXT NOT NULL,          -- library and version that ran it last
  UNIQUE (sha256, variant, name)
);
CREATE TABLE images (              -- a picture, or a frame of a video, as one model saw it
  id            INTEGER PRIMARY KEY,
  position      INTEGER NOT NULL UNIQUE,  -- in the order of the last run that asked for it
  model         INTEGER NOT NULL REFERENCES models (id),
  sha256        TEXT NOT NULL,     -- of the picture file; of a frame's RGB bytes
  place         TEXT NOT NULL,     -- absolute path, address, or the source
  file_name     TEXT NOT NULL,     -- as in the prediction JSON
  source        TEXT NOT NULL,     -- as typed
  frame         INTEGER,
  time_seconds  REAL,
  width         INTEGER,
  height        INTEGER,
  threshold     REAL NOT NULL,
  probabilities INTEGER NOT NULL,  -- 1: the run asked for the whole distribution
  settings      TEXT NOT NULL      -- what else the answer depends on, such as the detector
);
CREATE UNIQUE INDEX images_once ON images (sha256, model, place, ifnull(frame, -1));
CREATE TABLE faces (
  id       INTEGER PRIMARY KEY,
  image    INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  face_id  INTEGER NOT NULL,
  x0 INTEGER NOT NULL, y0 INTEGER NOT NULL, x1 INTEGER NOT NULL, y1 INTEGER NOT NULL,
  UNIQUE (image, face_id)
);
CREATE TABLE emotions (
  face        INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
  number      INTEGER NOT NULL,    -- in the order of the model's labels, from 0
  label       TEXT NOT NULL,
  probability REAL NOT NULL,       -- exactly the model's float32
  PRIMARY KEY (face, number)
) WITHOUT ROWID;
CREATE VIEW predictions AS         -- a row a face with its most probable emotion, for people
  SELECT images.file_name, images.frame, faces.face_id, x0, y0, x1, y1, label AS emotion, max(probability) AS probability,
         models.name AS model, models.variant
  FROM images JOIN models ON models.id = images.model JOIN faces ON faces.image = images.id JOIN emotions ON face = faces.id
  GROUP BY faces.id ORDER BY images.position, faces.face_id;
"""
"""A file name that is no Unicode text is stored as a blob of its bytes (``surrogatepass``)."""

_ADVICE = "name another file"
_HEADER = b"SQLite format 3\0"


def open_for_writing(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """Open the database, or make it.

    Raises:
        FerEdgeError: the file is another program's or of another version (it is not touched), cannot be written, or its
            folder does not exist.
    """
    place = Path(path)
    _refuse_others(place)
    if not place.absolute().parent.is_dir():
        raise FerEdgeError(f"cannot make {place}: the folder {place.parent} does not exist; make it first")
    with told(place):
        connection = sqlite3.connect(
            place, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(path: str | os.PathLike[str]) -> sqlite3.Connection:
    """Open the database without a way to change it, from a read-only disk too.

    Raises:
        FerEdgeError: the file is missing, another program's, of another version or damaged.
    """
    place = Path(path)
    if kind_of(place) == "absent":
        raise FerEdgeError(f"{place} does not exist; fer-predict SOURCE... --db {place} makes it")
    _refuse_others(place)
    if place.stat().st_size == 0:
        raise FerEdgeError(f"{place} is empty; fer-predict SOURCE... --db {place} fills it")
    log = place.with_name(f"{place.name}-wal")
    with told(place):
        # Who may write tidies up the log when he goes; a read-only folder refuses SQLite's files beside the database, and
        # without a log of writes none is needed.
        for how in ("mode=rw", "mode=ro"):
            try:
                return _connect(place, how)
            except sqlite3.OperationalError as error:
                closed = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
                if not closed or (how == "mode=ro" and log.exists() and log.stat().st_size):
                    raise
        return _connect(place, "immutable=1")


@contextmanager
def told(place: Path) -> Iterator[None]:
    """SQLite's errors as one sentence that says what happened, what is kept and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        _tell(place, error)


def _connect(place: Path, how: str) -> sqlite3.Connection:
    address = f"file:{quote(os.fsencode(place.absolute()))}?{how}"
    connection = sqlite3.connect(
        address, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("SELECT count(*) FROM models").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("BEGIN IMMEDIATE")
    made = connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
    if not made:
        for statement in TABLES.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION}")
        connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")
    _use_log(connection)
    # The log is synced when it is copied into the file: a power cut can cost the last pictures, never the file.
    connection.execute("PRAGMA synchronous=NORMAL")


def _use_log(connection: sqlite3.Connection) -> None:
    """WAL. Whoever changes the mode needs the file alone for a moment, and SQLite does not wait for that itself."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _refuse_others(place: Path) -> None:
    """Look at the first bytes, without SQLite, which would recover and lock what is not ours."""
    kind = kind_of(place)
    if kind == "absent":
        return
    if kind != "file":
        raise FerEdgeError(f"{place} is no file, so no database can be there; {_ADVICE}")
    try:
        with place.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise FerEdgeError(f"cannot read {place}: {error.strerror}") from None
    if not head:
        return
    if len(head) < 100 or not head.startswith(_HEADER):
        raise FerEdgeError(f"{place} is no database of fer-predict; it was not touched: {_ADVICE}")
    version, application = int.from_bytes(head[60:64], "big"), int.from_bytes(head[68:72], "big")
    if application != APPLICATION:
        raise FerEdgeError(f"{place} is a database of another program; it was not touched: {_ADVICE}")
    if version != VERSION:
        raise FerEdgeError(
            f"{place} has tables of version {version}, this fer-predict reads and writes {VERSION}; it was not touched: "
            "use the fer-edge that made it, or name another file"
        )


def _tell(place: Path, error: sqlite3.Error) -> NoReturn:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    known = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_IOERR: "the system refused to write or read (a full disk, a limit on the size of files, a failing disk)",
        sqlite3.SQLITE_READONLY: "the file or its folder is read-only",
        sqlite3.SQLITE_CANTOPEN: "the file or its folder cannot be opened or written",
        sqlite3.SQLITE_BUSY: f"other programs kept it locked for {PATIENCE:.0f} seconds",
        sqlite3.SQLITE_LOCKED: "another program keeps it locked",
        sqlite3.SQLITE_PERM: "the system does not permit it",
    }
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        raise FerEdgeError(
            f"{place} is damaged ({error}); save what is left with sqlite3's .recover, or {_ADVICE}"
        ) from None
    why = known.get(code, str(error))
    raise FerEdgeError(
        f"cannot use {place}: {why}; what was stored in it before is kept. Mend that or {_ADVICE}"
    ) from None
