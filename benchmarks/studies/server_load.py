"""The server under load on the loopback: callers, 8-fold overload, restarts; worker processes against worker threads.

    python benchmarks/studies/server_load.py --model android_demo/bundle --vegeta ~/go/bin/vegeta

The load comes from vegeta (https://github.com/tsenart/vegeta: ``go install github.com/tsenart/vegeta/v12@latest``), on the same
cores as the server. One photograph of 512 x 512 pixels (scikit-image's astronaut, JPEG) is posted:

1. by 1, 4, 16 and 64 callers that ask again as soon as they are answered, accepted or refused;
2. at a steady rate of 8 times what the server answers, whether it keeps up or not. Goals: the 99th percentile of accepted
   requests at most 3 times that of a lone caller, refusals within 50 ms (99th percentile), memory flat;
3. while the server is stopped by SIGTERM and started again 20 times. Goal: every request that it took was answered at the
   client: as many answers arrive as its log says it gave, and none that it began to read ended without one. A connection that
   is closed while the first byte of a request is on its way (HTTP/1.1 has no word for that) is counted apart.

Processes and threads are measured alike; what is better on this machine is the default of ``--pool``.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import DEMO_BUNDLE, environment
from runner import Asked, Document, option, study

CALLERS = (1, 4, 16, 64)
OVERLOAD = 8
GOAL_P99 = 3.0
GOAL_REFUSAL = 0.05
GOAL_MEMORY = 1.1
REFUSED = 429


class Running:
    """A server's process.

    Attributes:
        url: where it answers.
        answered: POST requests that its log says were answered with 200.
        unfinished: POST requests that it began to read and that ended otherwise, but for a refusal by the queue.
    """

    def __init__(self, model: Path, port: int, *options: str) -> None:
        words = (
            "-P",
            "-m",
            "fer_edge.predict.cli",
            "serve",
            "--json",
            "--model",
            model,
            "--port",
            port,
            *options,
        )
        self._process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.answered = 0
        self.unfinished = 0
        self._reader = threading.Thread(target=self._count)
        self._reader.start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._reader.join()
            raise SystemExit("the server did not start")
        self.url: str = json.loads(line)["url"]

    def _count(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            found = json.loads(line)
            if found["event"] == "request" and found["route"] == "/v1/predict":
                self.answered += found["status"] == 200
                self.unfinished += found["status"] not in (200, REFUSED)

    def memory(self) -> int:
        """Resident bytes of the server and its workers."""
        mine = str(self._process.pid)
        children = Path(f"/proc/{mine}/task/{mine}/children").read_text(encoding="ascii").split()
        return sum(_resident(pid) for pid in (mine, *children))

    def stop(self) -> float:
        """SIGTERM; seconds until it has ended."""
        began = time.monotonic()
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdout.close()
        self._process.stderr.close()
        return time.monotonic() - began


def _resident(pid: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def served(model: Path, *options: str) -> Iterator[Running]:
    """A server while the block runs."""
    running = Running(model, 0, *options)
    try:
        yield running
    finally:
        running.stop()


class Attack:
    """A load that is going on."""

    def __init__(self, asking: subprocess.Popen[bytes], writing: subprocess.Popen[str]) -> None:
        self._asking = asking
        self._writing = writing

    def stop(self) -> None:
        """Ask nothing more; what was asked is waited for."""
        self._asking.send_signal(signal.SIGINT)

    def hits(self) -> list[dict[str, Any]]:
        """All of them, once it has ended: each with code, latency in nanoseconds, error."""
        assert self._writing.stdout is not None
        found = [json.loads(line) for line in self._writing.stdout]
        self._writing.wait()
        self._asking.wait()
        return found


class Load:
    """vegeta, with one photograph."""

    def __init__(self, vegeta: str, photograph: Path) -> None:
        self._vegeta = vegeta
        self._photograph = photograph

    def start(self, url: str, seconds: float, *options: str) -> Attack:
        """Begin."""
        target = f"POST {url}/v1/predict\nContent-Type: image/jpeg\n@{self._photograph}\n"
        words = [self._vegeta, "attack", f"-duration={seconds}s", "-timeout=30s", *options]
        asking = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert asking.stdin is not None
        asking.stdin.write(target.encode())
        asking.stdin.close()
        writing = subprocess.Popen(
            [self._vegeta, "encode", "-to", "json"], stdin=asking.stdout, stdout=subprocess.PIPE, text=True
        )
        return Attack(asking, writing)

    def ask(self, url: str, seconds: float, *options: str) -> dict[str, Any]:
        """Run to the end, and what came out."""
        return summarize(self.start(url, seconds, *options).hits(), seconds)


def summarize(hits: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Figures of a run; times in seconds."""
    accepted = sorted(hit["latency"] / 1e9 for hit in hits if hit["code"] == 200)
    refused = sorted(hit["latency"] / 1e9 for hit in hits if hit["code"] == REFUSED)
    others = Counter(str(hit["code"] or hit["error"]) for hit in hits if hit["code"] not in (200, REFUSED))
    return {
        "accepted": len(accepted),
        "accepted_per_second": round(len(accepted) / seconds, 1),
        "p50_seconds": _percentile(accepted, 0.5),
        "p99_seconds": _percentile(accepted, 0.99),
        "refused": len(refused),
        "refusal_p50_seconds": _percentile(refused, 0.5),
        "refusal_p99_seconds": _percentile(refused, 0.99),
        "others": dict(others),
    }


def _percentile(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else None


def measure(kind: str, load: Load, asked: Asked) -> dict[str, Any]:
    """One kind of pool: callers, then overload."""
    with served(asked.model, "--pool", kind) as running:
        load.ask(running.url, 2, "-rate=0", "-max-workers=2")
        idle = running.memory()
        callers = {}
        for count in CALLERS:
            callers[str(count)] = load.ask(
                running.url, asked.seconds, "-rate=0", f"-max-workers={count}", f"-workers={count}"
            )
        most = max(each["accepted_per_second"] for each in callers.values())
        rate = round(OVERLOAD * most)
        before = running.memory()
        overload = load.ask(
            running.url, 2 * asked.seconds, f"-rate={rate}", "-workers=64", "-max-workers=2000"
        )
        after = running.memory()
    alone = callers["1"]["p99_seconds"]
    return {
        "callers": callers,
        "overload": {"rate_per_second": rate, **overload},
        "p99_over_alone": round(overload["p99_seconds"] / alone, 2),
        "memory_bytes": {"idle": idle, "before_overload": before, "after_overload": after},
        "memory_growth": round(after / before, 3),
    }


def restart(load: Load, asked: Asked) -> dict[str, Any]:
    """Stop and start the server under a steady load, on one port."""
    running = Running(asked.model, 0)
    port = int(running.url.rsplit(":", 1)[1])
    pause = 1.0
    going = load.start(running.url, asked.restarts * 8.0, "-rate=30", "-workers=8", "-max-workers=200")
    collected: list[list[dict[str, Any]]] = []
    collecting = threading.Thread(target=lambda: collected.append(going.hits()))
    collecting.start()
    answered, unfinished, stops = 0, 0, []
    for _ in range(asked.restarts):
        time.sleep(pause)
        stops.append(running.stop())
        answered += running.answered
        unfinished += running.unfinished
        running = Running(asked.model, port)
    time.sleep(pause)
    going.stop()
    collecting.join()
    running.stop()
    answered += running.answered
    unfinished += running.unfinished
    return _restarted(collected[0], answered, unfinished, stops)


def _restarted(
    hits: list[dict[str, Any]], answered: int, unfinished: int, stops: list[float]
) -> dict[str, Any]:
    received = sum(hit["code"] == 200 for hit in hits)
    never = sum("connection refused" in hit["error"] for hit in hits)
    broken = Counter(
        hit["error"] for hit in hits if not hit["code"] and "connection refused" not in hit["error"]
    )
    return {
        "restarts": len(stops),
        "answered_by_the_server": answered,
        "received_by_the_client": received,
        "refused_by_the_queue": sum(hit["code"] == REFUSED for hit in hits),
        "found_no_server": never,
        "connections_broken": dict(broken),
        "seconds_to_stop": {"median": round(statistics.median(stops), 2), "most": round(max(stops), 2)},
        "begun_and_not_answered": unfinished,
        "lost": max(0, answered - received) + unfinished,
    }


def run(asked: Asked) -> Document:
    """All parts."""
    vegeta = shutil.which(asked.vegeta)
    if vegeta is None:
        raise SystemExit(f"there is no {asked.vegeta}: go install github.com/tsenart/vegeta/v12@latest")
    with tempfile.TemporaryDirectory() as name:
        photograph = Path(name) / "photograph.jpg"
        _write_photograph(photograph)
        load = Load(vegeta, photograph)
        pools = {kind: measure(kind, load, asked) for kind in ("process", "thread")}
        restarts = restart(load, asked) if asked.restarts else None
    chosen = pools["process"]
    goals = {
        "p99_over_alone": {"goal": GOAL_P99, "met": chosen["p99_over_alone"] <= GOAL_P99},
        "refusal_p99_seconds": {
            "goal": GOAL_REFUSAL,
            "met": (chosen["overload"]["refusal_p99_seconds"] or 0) <= GOAL_REFUSAL,
        },
        "memory_growth": {"goal": GOAL_MEMORY, "met": chosen["memory_growth"] <= GOAL_MEMORY},
        "nothing_else_happened": {"met": not chosen["overload"]["others"]},
    }
    if restarts is not None:
        goals["lost_over_restarts"] = {"goal": 0, "met": restarts["lost"] == 0}
    return {"goals": goals, "pools": pools, "restarts": restarts}


def _write_photograph(target: Path) -> None:
    from PIL import Image
    from skimage import data

    Image.fromarray(data.astronaut()).save(target, quality=90)


def show(found: Document) -> Iterator[str]:
    """A table for people."""
    yield f"{'pool':8} {'callers':>8} {'per second':>10} {'p50 ms':>8} {'p99 ms':>8} {'refused':>8} {'p99 ms':>8}"
    for kind, each in found["pools"].items():
        for name, row in (*each["callers"].items(), (f"{OVERLOAD} x", each["overload"])):
            yield (
                f"{kind:8} {name:>8} {row['accepted_per_second']:10.1f} {_ms(row['p50_seconds'])} {_ms(row['p99_seconds'])} "
                f"{row['refused']:8} {_ms(row['refusal_p99_seconds'])} {row['others'] or ''}"
            )
        sizes = {name: f"{size / 2**20:.0f} MB" for name, size in each["memory_bytes"].items()}
        yield f"{kind:8} p99 under overload {each['p99_over_alone']} times that of a lone caller; memory {sizes}"
    yield f"restarts: {json.dumps(found['restarts'])}"
    yield f"goals: {json.dumps(found['goals'])}"


def _ms(seconds: float | None) -> str:
    return f"{1000 * seconds:8.1f}" if seconds is not None else f"{'-':>8}"


if __name__ == "__main__":
    study(
        run,
        option("--model", DEMO_BUNDLE, "the bundle"),
        option("--vegeta", "vegeta", "the program"),
        option("--seconds", 10.0, "of each run"),
        option("--restarts", 20, "how many"),
        show=show,
    )
