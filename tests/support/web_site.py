"""Servers of a static folder, as people have them."""

import contextlib
import functools
import http.server
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request


class _Handler(http.server.SimpleHTTPRequestHandler):
    policy = None

    def end_headers(self):
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve(folder, policy=None):
    """The folder's address; with a policy it is sent as a header with every file, so that workers obey it too."""
    handler = type("Handler", (_Handler,), {"policy": policy})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=folder))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def serve_by_command(folder):
    """``python -m http.server``, as a user starts it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/"
        wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def wait_for(address, seconds=30):
    """Until somebody answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def make_site(folder, page, bundle):
    """The built page with a bundle, as ``fer-export --web`` leaves it."""
    shutil.copytree(page, folder)
    shutil.copytree(bundle, folder / "bundle")
    return folder
