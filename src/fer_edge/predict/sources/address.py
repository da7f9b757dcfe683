"""Pictures at ``https://`` addresses."""

from __future__ import annotations

import re
from functools import partial
from pathlib import PurePosixPath

from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.sources.source import Pictures, SourceOptions

LONGEST_NAME = 255
"""Bytes of a file name, as file systems allow."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class PictureAddress:
    """One picture on a server; it is fetched when its turn comes."""

    name = "https:// addresses of pictures"

    def recognizes(self, text: str, found: str) -> bool:  # noqa: ARG002
        """What begins like an address; no file can be called so."""
        return bool(_SCHEME.match(text))

    def open(self, text: str, options: SourceOptions) -> Pictures:  # noqa: ARG002
        """Look at the address itself; nothing is sent.

        Raises:
            PictureError: another scheme than ``https``, or no address.
        """
        from fer_edge.predict.sources.download import fetch, parse_address

        host = parse_address(text).host
        return Pictures([SourcePicture(_file_name(text, host), text, fetch=partial(fetch, text))])


def _file_name(text: str, host: str) -> str:
    """The last part of the address's path, which may come from anybody; else the name of the server."""
    from urllib.parse import unquote, urlsplit

    name = PurePosixPath(unquote(urlsplit(text).path)).name.replace("\0", "").replace("\\", "_")
    shortened = name.encode("utf-8", "replace")[-LONGEST_NAME:].decode("utf-8", "ignore")
    return host if shortened in {"", ".", ".."} else shortened


ADDRESS = PictureAddress()
