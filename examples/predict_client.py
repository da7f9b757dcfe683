"""A client of `fer-predict serve`: sends pictures, waits where the server is busy, prints a line a face.

    fer-predict serve --model bundle                      # in another terminal
    python predict_client.py photo.jpg more/*.jpg         # --server http://127.0.0.1:8000

Needs: pip install httpx. A server that asks for a token finds it in the variable FER_EDGE_TOKEN. With curl:
curl -F file=@photo.jpg 'http://127.0.0.1:8000/v1/predict?threshold=0.4'
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

TRIES = 8
BUSY = {429, 503}


class RefusedPicture(Exception):
    """The server looked at the picture and said no; the sentence is its own, and `code` a word that stays."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    """Ask for each picture in turn; 1 if one could not be answered."""
    asked = parse()
    token = os.environ.get("FER_EDGE_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    failed = 0
    with httpx.Client(base_url=asked.server, headers=headers, timeout=60) as client:
        for path in asked.pictures:
            try:
                image = predict(client, path, asked.threshold)
            except (RefusedPicture, OSError) as error:
                print(f"{path}: {error}", file=sys.stderr)
                failed = 1
                continue
            print(f"{path}: {len(image['faces'])} faces")
            for face in image["faces"]:
                print(f"  {face['face_id']} at {','.join(face['bbox'])}: {best(face)}")
    return failed


def parse() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="emotions at least this probable are named"
    )
    return parser.parse_args()


def predict(client: httpx.Client, path: Path, threshold: float) -> dict[str, Any]:
    """The picture's entry of the prediction JSON.

    A full queue answers 429 at once and says when to come again; what it accepted it answers, also while it shuts down.

    Raises:
        RefusedPicture: it is no picture, too large, or the server stays busy.
        OSError: the file cannot be read.
    """
    wanted = {"threshold": threshold, "probabilities": True}
    for _ in range(TRIES):
        with path.open("rb") as file:
            answer = client.post("/v1/predict", params=wanted, files={"file": (path.name, file)})
        if answer.status_code not in BUSY:
            break
        time.sleep(float(answer.headers.get("Retry-After", 1)))
    document = answer.json()
    if answer.is_error:
        raise RefusedPicture(document["error"]["code"], document["error"]["message"])
    image: dict[str, Any] = document["images"][0]
    return image


def best(face: dict[str, Any]) -> str:
    """The two likeliest emotions, and whether the first one reached the threshold."""
    ranked = sorted(face["probabilities"].items(), key=lambda item: -item[1])[:2]
    words = ", ".join(f"{label} {probability:.0%}" for label, probability in ranked)
    return words if ranked[0][0] in face else f"unsure ({words})"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except httpx.TransportError as error:
        sys.exit(
            f"Error: the server does not answer ({error}); start it with: fer-predict serve --model bundle"
        )
