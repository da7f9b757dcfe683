"""Faults that are not the cable's: the wrong device, program, file, app or answer."""

import json

import pytest

from fer_edge.bench.targets.errors import DeviceError

AARCH64_HEAD = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00"


def refused(bench, kind, runner="tool", address="", **options):
    with pytest.raises(DeviceError) as caught:
        bench.measure(runner, address, **options)
    assert caught.value.kind == kind, str(caught.value)
    assert caught.value.exit_code == 1
    journal = bench.journal.read_text() if bench.journal.exists() else ""
    assert '"done"' not in journal
    return str(caught.value)


# -- which device


def test_no_device(bench):
    bench.server.devices.clear()
    refused(bench, "no-device")


def test_another_serial(bench):
    assert "A1B2 (Phone 1)" in refused(bench, "no-such-device", address="A1B3")


def test_two_devices_of_one_model_are_not_guessed_between(bench):
    bench.plug(serial="C3D4")
    said = refused(bench, "several-devices")
    assert "A1B2 (Phone 1), C3D4 (Phone 1)" in said
    assert "--target adb:SERIAL" in said


def test_a_named_device_of_two_is_taken(bench):
    second = bench.plug(serial="C3D4")
    result = bench.measure(address="C3D4")
    assert result.target == "adb:C3D4"
    assert (bench.device.runs, second.runs) == (0, 6)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("unauthorized", "unauthorized"),
        ("authorizing", "unauthorized"),
        ("offline", "offline"),
        ("connecting", "offline"),
        ("no permissions", "no-permissions"),
        ("recovery", "other-state"),
        ("sideload", "other-state"),
        ("bootloader", "other-state"),
    ],
)
def test_a_device_that_is_not_ready(bench, state, kind):
    bench.device.state = state
    assert "A1B2" in refused(bench, kind)


def test_no_adb(bench, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install adb" in refused(bench, "adb-missing")


def test_a_server_that_does_not_answer(bench):
    bench.server.is_silent = True
    refused(bench, "adb-server")


def test_a_server_of_another_release_that_cannot_be_replaced(bench):
    # The client asks it to end and starts its own, which finds the port taken.
    bench.server.version = 32
    refused(bench, "adb-server")


# -- files


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("full", "storage-full"),
        ("denied", "permission-denied"),
        ("read-only", "permission-denied"),
        ("odd", "push-failed"),
        ("corrupt", "hash-mismatch"),
        ("half", "hash-mismatch"),
    ],
)
@pytest.mark.parametrize("what", ["benchmark_model", "tflite"])
def test_a_push_that_does_not_arrive(bench, what, action, kind):
    bench.server.inject(f"^SEND .*{what}", action)
    said = refused(bench, kind)
    assert "benchmark_model" in said if what == "benchmark_model" else "tflite-fp32" in said
    assert bench.device.left == []
    assert bench.device.runs == 0


def test_our_folder_cannot_be_made(bench):
    bench.device.program("mkdir", "#!/bin/sh\necho mkdir: Permission denied >&2; exit 1\n")
    refused(bench, "permission-denied")


def test_our_folder_finds_no_room(bench):
    bench.device.program("mkdir", "#!/bin/sh\necho mkdir: No space left on device >&2; exit 1\n")
    refused(bench, "storage-full")


def test_no_sha256sum(bench):
    (bench.device.root / "bin/sha256sum").unlink()
    refused(bench, "hash-unreadable")


@pytest.mark.parametrize(
    ("action", "kind"),
    [("half", "result-truncated"), ("corrupt", "result-truncated"), ("torn", "connection-lost")],
)
def test_a_pull_that_does_not_arrive(bench, action, kind):
    bench.server.inject("^RECV", action)
    refused(bench, kind, "app")
    assert bench.device.left == []


def test_a_result_that_vanishes_before_the_pull(bench):
    bench.server.inject("sha256sum .*json", lambda device: device.program("sha256sum", "#!/bin/sh\nexit 1\n"))
    refused(bench, "pull-failed", "app")


# -- the program


def test_no_such_program(bench):
    bench.tool.unlink()
    refused(bench, "runner-unreadable")


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\necho hello, I am not a program\n", b"\x7fELF"])
def test_no_program_at_all(bench, data):
    bench.tool.write_bytes(data)
    refused(bench, "not-executable")


@pytest.mark.parametrize(("machine", "word"), [(62, "x86_64"), (243, "riscv64"), (8, "ELF machine 8")])
def test_a_program_for_another_processor(bench, machine, word):
    bench.tool.write_bytes(AARCH64_HEAD + machine.to_bytes(2, "little") + bytes(100))
    said = refused(bench, "wrong-architecture")
    assert word in said
    assert "needs aarch64" in said


def test_a_program_that_the_device_does_not_start(bench):
    bench.device.program("chmod", "#!/bin/sh\nexit 0\n")
    assert "Permission denied" in refused(bench, "not-startable")


@pytest.mark.parametrize(("signal", "word"), [(11, "segmentation fault"), (9, "killed"), (6, "abort")])
@pytest.mark.parametrize("nth", [1, 3])
def test_a_program_that_crashes(bench, signal, word, nth):
    script = (bench.device.root / "bin/benchmark_model").read_text()
    crash = f'[ "$n" = {nth} ] && {{ echo INFO: STARTING!; kill -{signal} $$; }}\n'
    bench.device.program("benchmark_model", script.replace("[ -f ", crash + "[ -f ", 1))
    assert word in refused(bench, "runner-crashed")
    assert bench.device.left == []


def test_a_program_that_refuses_the_model(bench):
    bench.device.program(
        "benchmark_model", "#!/bin/sh\necho ERROR: Failed to initialize the interpreter; exit 1\n"
    )
    assert "Failed to initialize" in refused(bench, "runner-failed")


@pytest.mark.parametrize(
    "edit",
    [
        ("sed '/Inference timings/d'"),
        ("sed '/count=34/d'"),
        ("sed 's/count=3 /count=2 /'"),
        ("sed 's/count=[0-9].*/count=0/'"),
        ("sed 's/Inference (avg): 14/Inference (avg): 15/'"),
        ("sed 's/Inference (avg): .*/Inference (avg): nan/'"),
        ("sed 's/Inference (avg).*/Infer/'"),
        ("sed '5q'"),
        ("sed d"),
    ],
)
def test_an_output_that_is_not_whole(bench, edit):
    bench.device.program("real", (bench.device.root / "bin/benchmark_model").read_text())
    bench.device.program("benchmark_model", f'#!/bin/sh\n"$ROOT/bin/real" "$@" | {edit}\n')
    refused(bench, "result-truncated")
    assert bench.device.left == []


def test_another_format(bench):
    request = bench.request()
    from dataclasses import replace

    from fer_edge.bench.targets.adb import ADB

    subject = replace(request.subjects[0], format="onnx")
    with pytest.raises(DeviceError) as caught:
        ADB.measure("", replace(request, subjects=(subject,)))
    assert caught.value.kind == "runner-format"


# -- cores


def test_no_taskset(bench):
    (bench.device.root / "bin/taskset").unlink()
    refused(bench, "taskset-missing", cores="big")


def test_taskset_is_not_needed_for_all_cores(bench):
    (bench.device.root / "bin/taskset").unlink()
    assert bench.measure().trusted


def test_cores_without_capacity_and_frequency(bench):
    bench.device.cores([(None, None)] * 8)
    refused(bench, "topology-unreadable", cores="big")


def test_cores_of_one_kind(bench):
    bench.device.cores([(1024, 2000000)] * 4)
    refused(bench, "one-kind-of-core", cores="little")


def test_more_threads_than_cores(bench):
    bench.device.cores([(250, 1800000)] * 6 + [(1024, 2400000)] * 2)
    assert "4 threads do not fit the 2 big cores" in refused(bench, "too-few-cores", cores="big", threads=4)


def test_cores_that_the_device_refuses(bench):
    bench.device.program(
        "taskset", "#!/bin/sh\necho taskset: sched_setaffinity: Invalid argument >&2; exit 1\n"
    )
    assert "Invalid argument" in refused(bench, "pinning-refused", cores="big")


def test_an_app_cannot_be_pinned(bench):
    refused(bench, "app-cores", "app", cores="big")


# -- the app


def test_no_app(bench):
    bench.device.file("no-app", "")
    assert "adb install" in refused(bench, "app-missing", "app")


def test_an_app_without_the_activity(bench):
    bench.device.file("no-activity", "")
    assert "does not exist" in refused(bench, "app-not-started", "app")


def test_an_app_that_refuses_the_variant(bench):
    bench.device.file("app-refuses", "")
    assert "is not in this bundle" in refused(bench, "app-refused", "app")
    assert bench.device.left == []


def test_an_app_that_is_stopped(bench):
    bench.device.file("app-dies", "")
    refused(bench, "app-gone", "app")


def test_an_app_that_does_not_end(bench):
    bench.device.file("app-hangs", "")
    refused(bench, "timeout", "app", device_timeout="1")
    assert bench.device.left == []


def test_an_app_with_another_bundle(bench):
    bench.device.file("bundle", "cd" * 32)
    assert "abababababab" in refused(bench, "other-bundle", "app")


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        ("sed 's/]}$//'", "result-truncated"),
        ("head -c 300", "result-truncated"),
        ("head -c 0", "result-truncated"),
        ("sed s/fer-edge-bench.1/fer-edge-bench\\\\/9/", "result-truncated"),
        ("sed s/0.001007/-1/", "result-truncated"),
        ("sed s/0.001007/NaN/", "result-truncated"),
        ('sed \'s/"threads":2/"threads":1/g\'', "result-other"),
        ("sed s/tflite-fp32/tflite-w8/g", "result-other"),
        ('sed \'s/,{"variant":[^{]*"whole".*/]}/\'', "result-other"),
        ("sed 's/,0.001005\\]/]/'", "result-other"),
    ],
)
def test_a_result_file_that_is_not_whole_or_another(bench, edit, kind):
    result = (bench.device.root / "bin/app-result").read_text()
    (bench.device.root / "bin/head").symlink_to("/usr/bin/head")
    bench.device.program("app-result", f"{{ {result}\n}} | {edit}\n")
    refused(bench, kind, "app")
    assert bench.device.left == []


# -- the journal


def test_a_torn_last_line_counts_as_not_done(bench):
    bench.measure()
    lines = bench.journal.read_text().splitlines(keepends=True)
    bench.journal.write_text("".join(lines[:3]) + lines[3][: len(lines[3]) // 2])
    before = bench.device.runs
    assert bench.measure().complete
    assert bench.device.runs - before == 3


@pytest.mark.parametrize(
    "edit", [("0.0", "0.1"), ("A1B2", "A1B3"), ("fer-edge-journal/1", "fer-edge-journal/2"), ("{", "")]
)
def test_an_edited_journal_is_refused(bench, edit):
    from fer_edge.runtime.errors import DataError

    bench.measure()
    lines = bench.journal.read_text().splitlines(keepends=True)
    bench.journal.write_text(lines[0] + lines[1].replace(*edit, 1) + "".join(lines[2:]))
    with pytest.raises(DataError, match="line 2"):
        bench.measure()


def test_a_journal_in_use_is_refused(bench):
    from fer_edge.bench.targets.journal import Journal
    from fer_edge.runtime.errors import FerEdgeError

    with Journal(bench.journal), pytest.raises(FerEdgeError, match="still runs"):
        bench.measure()


def test_another_model_under_the_same_name_is_measured_again(bench):
    bench.measure()
    bench.tool.write_bytes(bench.tool.read_bytes() + b"another build")
    before = bench.device.runs
    bench.measure()
    assert bench.device.runs - before == 6
    assert (
        len([line for line in bench.journal.read_text().splitlines() if json.loads(line)["state"] == "done"])
        == 4
    )
