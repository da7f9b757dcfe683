"""Strict reading of ``fer-edge-bench/1``: what a stranger's file says is checked before anything is computed from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.bench.results.record_json import JSON
from fer_edge.bench.results.records import SCHEMA, STAGES, UNIT, Artifact, Block, Record, Result

_MOST_RECORDS = 10_000
_MOST_SAMPLES = 20_000_000
_MOST_THREADS = 1024
_LARGEST = 1 << 62
_LONGEST = 1e9
"""Seconds, some thirty years: a longer time is another unit or a broken clock, and would overflow a ratio."""
_PARITY = ("pass", "fail", "not-run", "unknown")


def read_result(document: object) -> Result:
    """A decoded document as classes.

    Raises:
        DataError: a member is missing, unknown, or has a value that is not allowed.
    """
    if isinstance(document, dict) and "schema" in document:
        JSON.choice(document["schema"], "schema", (SCHEMA,))
    needed = ("schema", "bundle_sha256", "environment", "records")
    optional = ("target", "mode", "artifacts", "complete", "extra")
    members = JSON.members(document, "", needed + optional, optional=optional)
    found = Result(
        environment=_object(members["environment"], "environment"),
        records=tuple(
            _record(entry, f"records[{number}]")
            for number, entry in enumerate(JSON.array(members["records"], "records", most=_MOST_RECORDS))
        ),
        bundle_sha256=_sha256(members["bundle_sha256"], "bundle_sha256"),
        target=JSON.string(members.get("target", "host"), "target", most=300),
        mode=_object(members.get("mode", {}), "mode"),
        artifacts=tuple(
            _artifact(entry, f"artifacts[{number}]")
            for number, entry in enumerate(
                JSON.array(members.get("artifacts", []), "artifacts", most=_MOST_RECORDS)
            )
        ),
        complete=JSON.boolean(members.get("complete", True), "complete"),
        extra=_object(members.get("extra", {}), "extra"),
    )
    _check_keys(found)
    return found


def _check_keys(result: Result) -> None:
    seen = set()
    for record in result.records:
        if record.key in seen:
            JSON.fail("records", "/".join(str(part) for part in record.key), "each stage of a subject once")
        seen.add(record.key)


def _record(value: object, key: str) -> Record:
    needed = ("variant", "engine", "threads", "stage", "unit", "samples", "trusted", "reasons")
    optional = ("subject", "blocks")
    members = JSON.members(value, key, needed + optional, optional=optional)
    samples = _samples(members["samples"], f"{key}.samples")
    reasons = tuple(
        JSON.string(reason, f"{key}.reasons", most=2000)
        for reason in JSON.array(members["reasons"], f"{key}.reasons", most=1000)
    )
    trusted = JSON.boolean(members["trusted"], f"{key}.trusted")
    if trusted == bool(reasons):
        JSON.fail(f"{key}.trusted", trusted, "true without reasons, false with some")
    return Record(
        variant=JSON.string(members["variant"], f"{key}.variant", most=200),
        engine=JSON.string(members["engine"], f"{key}.engine", most=200),
        threads=JSON.integer(members["threads"], f"{key}.threads", 1, _MOST_THREADS),
        stage=JSON.choice(members["stage"], f"{key}.stage", STAGES),
        samples=samples,
        trusted=trusted,
        reasons=reasons,
        subject=JSON.string(members.get("subject", ""), f"{key}.subject", empty=True),
        blocks=_blocks(members.get("blocks", []), f"{key}.blocks", len(samples)),
        unit=JSON.choice(members["unit"], f"{key}.unit", (UNIT,)),
    )


def _samples(value: object, key: str) -> tuple[float, ...]:
    entries = JSON.array(value, key, least=1, most=_MOST_SAMPLES)
    for number, entry in enumerate(entries):
        # Millions of them: the slow reader is asked only about what is not plainly right.
        if type(entry) is not float or not 0 <= entry <= _LONGEST:
            JSON.number(entry, f"{key}[{number}]", "seconds from 0 to 1e9", lambda x: 0 <= x <= _LONGEST)
    return tuple(float(entry) for entry in entries)


def _blocks(value: object, key: str, samples: int) -> tuple[Block, ...]:
    found = []
    for number, entry in enumerate(JSON.array(value, key, most=_MOST_SAMPLES)):
        place = f"{key}[{number}]"
        parts = JSON.array(entry, place, least=4, most=4)
        whole = [JSON.integer(part, place, 0, _LARGEST) for part in parts[:3]]
        found.append(
            Block(
                whole[0],
                whole[1],
                whole[2],
                JSON.number(parts[3], place, "seconds from the start, 0 or more", lambda x: x >= 0),
            )
        )
    total = sum(block.count for block in found)
    if found and total != samples:
        JSON.fail(f"{key} counts", total, f"together the {samples} samples")
    return tuple(found)


def _artifact(value: object, key: str) -> Artifact:
    needed = ("variant", "engine", "threads", "file", "sha256", "bytes")
    memory = ("peak_memory_bytes", "steady_memory_bytes", "base_memory_bytes")
    optional = ("parity", "accuracy", *memory, "energy_joules", "subject", "extra")
    members = JSON.members(value, key, needed + optional, optional=optional)
    return Artifact(
        variant=JSON.string(members["variant"], f"{key}.variant", most=200),
        engine=JSON.string(members["engine"], f"{key}.engine", most=200),
        threads=JSON.integer(members["threads"], f"{key}.threads", 1, _MOST_THREADS),
        file=JSON.string(members["file"], f"{key}.file"),
        sha256=_sha256(members["sha256"], f"{key}.sha256"),
        bytes=JSON.integer(members["bytes"], f"{key}.bytes", 0, _LARGEST),
        parity=JSON.choice(members.get("parity", "unknown"), f"{key}.parity", _PARITY),
        accuracy=_number(members.get("accuracy"), f"{key}.accuracy", 1.0),
        peak_memory_bytes=_sizes(members.get(memory[0], []), f"{key}.{memory[0]}"),
        steady_memory_bytes=_sizes(members.get(memory[1], []), f"{key}.{memory[1]}"),
        base_memory_bytes=_sizes(members.get(memory[2], []), f"{key}.{memory[2]}"),
        energy_joules=_number(members.get("energy_joules"), f"{key}.energy_joules", 1e9),
        subject=JSON.string(members.get("subject", ""), f"{key}.subject", empty=True),
        extra=_object(members.get("extra", {}), f"{key}.extra"),
    )


def _sizes(value: object, key: str) -> tuple[int, ...]:
    return tuple(JSON.integer(entry, key, 0, _LARGEST) for entry in JSON.array(value, key))


def _number(value: object, key: str, most: float) -> float | None:
    if value is None:
        return None
    return JSON.number(value, key, f"null or a number from 0 to {most:g}", lambda x: 0 <= x <= most)


def _sha256(value: object, key: str) -> str | None:
    return None if value is None else JSON.sha256(value, key)


def _object(value: object, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        JSON.fail(key, value, "an object")
    return value
