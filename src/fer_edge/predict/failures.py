"""The codes of failures: every word that a picture without a result may carry, for programs; they stay as they are.

The command line, the outputs and the server take them from the error itself (``PictureError.code``); this table is the whole
of them, and ``docs/bad-input.md`` tells people the same.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    "missing": "nothing is at that path",
    "no-file": "a folder, a pipe or a device where a file is wanted",
    "unreadable": "the system does not let it be read",
    "empty": "no bytes",
    "unknown-format": "its first bytes are none of a picture's: text, HTML, a video, HEIC, whatever the name or MIME type says",
    "unsupported": "a picture of a kind that is not read, such as lossless JPEG or floating-point TIFF",
    "truncated": "data is missing at its end",
    "broken": "its parts contradict each other, or the decoder gives up",
    "too-large": "more bytes, pixels, memory or parts than a photograph has",
    "bad-box": "a face box of --faces lies outside the picture or is too small",
    "no-boxes": "the file of --faces does not name the picture",
    "address-refused": "an address that is not fetched: no https, or of this machine or its network",
    "address-failed": "the other side cannot be reached, is too slow, or answers with an error",
    "crashed": "the process that looked at it was ended twice, such as for lack of memory; a video's decoder crashed",
    "timeout": "a frame of a video took more than a minute to decode",
    "camera": "a camera is not there, is used by another program, or gives no picture",
}
"""Code -> what it means."""
