"""Servers in processes of their own, on a port that was free."""

import contextlib
import io
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import httpx
import psutil
from PIL import Image

from support.processes import environment


@dataclass
class RunningServer:
    """A server's process, where it answers, and what it wrote."""

    process: subprocess.Popen
    told: dict
    lines: list = field(default_factory=list)

    @property
    def url(self):
        return self.told["url"]

    @property
    def address(self):
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def client(self, **options):
        return httpx.Client(base_url=self.url, timeout=30, **options)

    def workers(self):
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def memory(self):
        """Bytes of the server and its workers."""
        mine = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in (mine, *mine.children(recursive=True)))

    def logs(self, event=None):
        found = [json.loads(line) for line in list(self.lines)]
        return [entry for entry in found if event is None or entry["event"] == event]

    def wait_for_log(self, event, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.logs(event)
            if found:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no {event} in {self.lines}")

    def stop(self):
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(60)


@contextlib.contextmanager
def serving(*options, **variables):
    command = [sys.executable, "-P", "-m", "fer_edge.predict.cli", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, *map(str, options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**variables),
    )
    running = RunningServer(process, {})
    reading = threading.Thread(target=lambda: running.lines.extend(iter(process.stderr.readline, "")))
    reading.start()
    try:
        line = process.stdout.readline()
        assert line, running.lines
        running.told = json.loads(line)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reading.join()
        process.stdout.close()
        process.stderr.close()


def encoded(pixels, form="JPEG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()
