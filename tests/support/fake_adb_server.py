"""An adb server for tests, on loopback and a port of its own: the real ``adb`` client talks to it.

Protocol: AOSP ``packages/modules/adb``: SERVICES.TXT, OVERVIEW.TXT, ``docs/dev/sync.md`` and ``shell_protocol.h``. A request
is four hexadecimal digits and that many bytes; the answer OKAY or FAIL. ``sync:`` and ``shell,v2`` then speak their own.
"""

import re
import socket
import struct
import threading
from dataclasses import dataclass, field

SERVER_VERSION = 41
FEATURES = "shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir"
OLD_FEATURES = "cmd"  # Android 6: no exit codes, no separate standard error, first version of stat


class Gone(Exception):
    """The client or the device left."""


@dataclass
class Rule:
    """Inject ``action`` when a service or sync request matches, the ``nth`` time that it does."""

    pattern: str
    action: str
    nth: int = 1
    seen: int = 0
    fired: bool = False

    def fires(self, text):
        if self.fired or not re.search(self.pattern, text):
            return False
        self.seen += 1
        self.fired = self.seen == self.nth
        return self.fired


@dataclass
class FakeServer:
    """The server; ``devices`` may change while it runs."""

    devices: list = field(default_factory=list)
    rules: list = field(default_factory=list)
    version: int = SERVER_VERSION
    is_silent: bool = False
    requests: list = field(default_factory=list)

    def __post_init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._closing = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        self._closing = True
        # Wakes the thread that waits in accept().
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def inject(self, pattern, action, nth=1):
        self.rules.append(Rule(pattern, action, nth))
        return self.rules[-1]

    def services(self, pattern):
        return [request for request in self.requests if re.search(pattern, request)]

    def _accept(self):
        while not self._closing:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            if self.is_silent:
                return
            try:
                Client(self, connection).talk()
            except (Gone, ConnectionError):
                return


class Client:
    """One connection."""

    def __init__(self, server, connection):
        self.server = server
        self.connection = connection
        self.device = None

    def talk(self):
        while True:
            service = self.read(int(self.read(4), 16)).decode()
            self.server.requests.append(service)
            if self.device is None:
                self.host(service)
            else:
                self.local(service)

    # -- bytes

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise Gone
            data += part
        return data

    def wait(self):
        """Until the client has enough of it."""
        while self.connection.recv(1024):
            pass
        raise Gone

    def send(self, data):
        self.connection.sendall(data)

    def okay(self, text=None):
        self.send(b"OKAY" + (b"" if text is None else b"%04x" % len(text.encode()) + text.encode()))

    def fail(self, text):
        self.send(b"FAIL%04x" % len(text.encode()) + text.encode())
        raise Gone

    # -- host services

    def host(self, service):
        if service == "host:version":
            self.okay(f"{self.server.version:04x}")
            raise Gone
        if service in ("host:devices", "host:devices-l"):
            self.okay("".join(device.line() for device in self.server.devices))
            raise Gone
        if service == "host:kill":
            raise Gone
        found = re.fullmatch(r"host:(tport:serial:|transport:)(.+)", service)
        asked = re.fullmatch(r"host-serial:(.+):features", service)
        if asked:
            device = self.find(asked[1])
            self.okay(device.features)
            raise Gone
        if not found:
            self.fail("unknown host service")
        self.device = self.find(found[2])
        self.okay()
        if found[1] == "tport:serial:":
            self.send(struct.pack("<Q", 1))

    def find(self, serial):
        for device in self.server.devices:
            if device.serial == serial:
                if device.state == "device":
                    return device
                # adb.cpp and transport.cpp
                self.fail(
                    {
                        "unauthorized": "device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set",
                        "offline": "device offline",
                        "no permissions": "insufficient permissions for device",
                    }.get(device.state, f"device {device.state}")
                )
        self.fail(f"device '{serial}' not found")
        return None

    # -- services of the device

    def inject(self, text):
        """The action of the rule that fires, after its effect on the device; None without one."""
        for rule in self.server.rules:
            if rule.fires(text):
                self.effect(rule.action)
                return rule.action
        return None

    def effect(self, action):
        device = self.device
        if action == "unplug":
            self.server.devices.remove(device)
        elif action in ("offline", "unauthorized", "recovery", "no permissions"):
            device.state = action
        elif action in ("reboot", "reboot-unseen"):
            device.reboot()
        elif callable(action):
            action(device)

    def local(self, service):
        self.okay()
        if service.startswith("sync:"):
            self.sync()
        is_v2 = service.startswith("shell,v2")
        command = service.partition(":")[2]
        action = self.inject(command)
        if action == "hang":
            self.wait()
        out, error, code = self.device.shell(command)
        if action not in (None, "reboot-unseen") and not callable(action):
            # The cable goes while the command runs: half of what it says has come, and no end.
            out, error, code = out[: len(out) // 2], b"", None
        if is_v2:
            for kind, data in ((1, out), (2, error)):
                if data:
                    self.send(struct.pack("<BI", kind, len(data)) + data)
            if code is not None:
                self.send(struct.pack("<BIB", 3, 1, code & 0xFF))
        else:
            self.send((out + error).replace(b"\n", b"\r\n"))
        raise Gone

    def sync(self):
        while True:
            name, length = struct.unpack("<4sI", self.read(8))
            if name == b"QUIT":
                raise Gone
            path = self.read(length).decode()
            self.server.requests.append(f"{name.decode()} {path}")
            action = self.inject(f"{name.decode()} {path}")
            if action == "hang":
                self.wait()
            if action in (
                "unplug",
                "offline",
                "unauthorized",
                "recovery",
                "no permissions",
                "reboot",
                "cut",
                "hang",
            ):
                raise Gone
            {
                b"STAT": self.stat,
                b"STA2": self.stat2,
                b"LST2": self.stat2,
                b"SEND": self.receive,
                b"RECV": self.give,
            }[name](name, path, action)

    def stat(self, name, path, _action):
        data = self.device.read_file(path)
        self.send(struct.pack("<4sIII", name, 0 if data is None else 0o100644, len(data or b""), 0))

    def stat2(self, name, path, _action):
        data = self.device.read_file(path)
        error, mode = (2, 0) if data is None else (0, 0o100644)
        # id error dev ino mode nlink uid gid size atime mtime ctime
        self.send(struct.pack("<4sIQQIIIIQqqq", name, error, 1, 1, mode, 1, 0, 0, len(data or b""), 0, 0, 0))

    def receive(self, _name, text, action):
        path, _, mode = text.rpartition(",")
        data = b""
        while True:
            kind, length = struct.unpack("<4sI", self.read(8))
            if kind == b"DONE":
                break
            data += self.read(length)
        refused = {
            "full": "write failed: No space left on device",
            "denied": "couldn't create file: Permission denied",
            "read-only": "couldn't create file: Read-only file system",
            "odd": "couldn't create file: I/O error",
        }
        if action in refused:
            text = refused[action].encode()
            self.send(struct.pack("<4sI", b"FAIL", len(text)) + text)
            return
        if action == "corrupt":
            data = data[:-1] + bytes([data[-1] ^ 1])
        if action == "half":
            data = data[: len(data) // 2]
        self.device.write_file(path, data, int(mode))
        self.send(struct.pack("<4sI", b"OKAY", 0))

    def give(self, _name, path, action):
        data = self.device.read_file(path)
        if data is None:
            text = b"No such file or directory"
            self.send(struct.pack("<4sI", b"FAIL", len(text)) + text)
            return
        if action == "half":
            data = data[: len(data) // 2]
        if action == "corrupt":
            data = data.replace(b"1", b"2")
        if action == "torn":
            # Says that more comes than does, and leaves.
            self.send(struct.pack("<4sI", b"DATA", len(data)) + data[: len(data) // 2])
            raise Gone
        for at in range(0, len(data), 1 << 16):
            part = data[at : at + (1 << 16)]
            self.send(struct.pack("<4sI", b"DATA", len(part)) + part)
        self.send(struct.pack("<4sI", b"DONE", 0))
