"""What comes back from a device where nothing goes wrong, and what makes a figure untrusted."""

import json
from dataclasses import replace

import click
import pytest

from fer_edge.bench.targets.adb import ADB
from fer_edge.bench.targets.errors import DeviceError
from fer_edge.bench.targets.thermal import parse
from support.paths import DEMO_BUNDLE


@pytest.mark.parametrize("features", ["shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir", "cmd"])
@pytest.mark.parametrize("runner", ["tool", "app"])
def test_every_variant_is_measured_and_nothing_stays(bench, runner, features):
    # "cmd" alone: a device of before 2016, whose shell has neither exit codes nor two streams.
    bench.device.features = features
    result = bench.measure(runner)
    assert result.complete
    assert result.trusted, result.reasons
    assert result.target == "adb:A1B2"
    assert {record.variant for record in result.records} == {"tflite-fp32", "tflite-int8"}
    stages = {
        "tool": ["load", "first", "inference"],
        "app": ["load", "first", "inference", "camera", "whole"],
    }[runner]
    assert [record.stage for record in result.records] == stages * 2
    assert bench.device.left == []
    device = result.environment["devices"]["A1B2"]
    assert (device["maker"], device["model"], device["machine"]) == ("Acme", "Phone 1", "aarch64")
    # Nothing in the file tells when it was measured.
    assert "00000000-0000-4000-8000" not in result.to_json()


def test_benchmark_model_gives_one_sample_a_process_and_keeps_its_summaries(bench):
    result = bench.measure(variants=("tflite-fp32",))
    # The script's n-th run has a mean of 1400 + n us; the first one reads the memory.
    load, first, inference = (record.samples for record in result.records)
    assert inference == pytest.approx((0.001402, 0.001403), abs=1e-12)
    assert load == pytest.approx((0.004521, 0.004521), abs=1e-12)
    assert first == pytest.approx((0.002823, 0.002823), abs=1e-12)
    assert {record.engine for record in result.records} == {"benchmark_model (XNNPACK)"}
    artifact = result.artifacts[0]
    assert artifact.peak_memory_bytes == (13.5 * 2**20,)
    assert artifact.extra["memory"]["overall_bytes"] == 8.25 * 2**20
    assert artifact.extra["processes"][1]["series"]["p95"] == 1490
    assert artifact.extra["before"]["celsius"] == 30.0
    assert artifact.extra["after"]["status"] == 0


def test_without_xnnpack(bench):
    request = bench.request(variants=("tflite-fp32",))
    plain = replace(request.subjects[0], engine="litert:builtin")
    result = ADB.measure("", replace(request, subjects=(plain,)))
    assert result.records[0].engine == "benchmark_model (no XNNPACK)"
    assert all("--use_xnnpack=false" in call for call in bench.server.services("--graph="))


def test_an_engine_that_the_runner_does_not_have(bench):
    request = bench.request("app", variants=("tflite-fp32",))
    plain = replace(request.subjects[0], engine="litert:builtin")
    with pytest.raises(DeviceError) as caught:
        ADB.measure("", replace(request, subjects=(plain,)))
    assert caught.value.kind == "runner-engine"


def test_the_app_gives_single_times(bench):
    result = bench.measure("app", variants=("tflite-int8",))
    whole = result.stage("whole")[0]
    assert whole.samples == pytest.approx([0.001007, *(0.001 + i * 1e-6 for i in range(1, 6))], abs=1e-12)
    assert whole.engine == "TensorFlow Lite 2.16.1, cpu"


def test_formats_that_the_runner_does_not_run_are_skipped(bench):
    request = bench.request()
    onnx = replace(request.subjects[0], format="onnx", variant="onnx-fp32")
    result = ADB.measure("", replace(request, subjects=(onnx, *request.subjects)))
    assert list(result.extra["skipped"]) == ["onnx-fp32"]
    assert {record.variant for record in result.records} == {"tflite-fp32", "tflite-int8"}


@pytest.mark.parametrize(("runner", "mode"), [("tool", "mlperf"), ("app", "mlperf"), ("app", "sustained")])
def test_modes_that_a_runner_cannot_do(bench, runner, mode):
    with pytest.raises(DeviceError) as caught:
        ADB.measure("", replace(bench.request(runner), mode=mode))
    assert caught.value.kind == "runner-mode"


def test_a_file_that_is_there_is_not_pushed_again(bench):
    bench.measure(keep_files="true", journal=None)
    assert len(bench.server.services("^SEND")) == 3
    bench.measure(journal=None)
    assert len(bench.server.services("^SEND")) == 3
    assert bench.device.left == []


def test_a_file_that_was_changed_there_is_pushed_again(bench):
    bench.measure(keep_files="true", journal=None)
    folder = bench.device.root / "data/local/tmp/fer-edge-bench"
    model = next(path for path in folder.iterdir() if path.name.endswith("fp32.tflite"))
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    bench.measure(journal=None)
    assert len(bench.server.services("^SEND")) == 4


@pytest.mark.parametrize(
    ("kinds", "cores", "mask"),
    [
        # Four little, three middle, one prime: big is all that is faster than little.
        ([(250, 1)] * 4 + [(800, 2)] * 3 + [(1024, 3)], "big", "f0"),
        ([(250, 1)] * 4 + [(800, 2)] * 3 + [(1024, 3)], "little", "f"),
        # Big ones first, as some chips count; no capacity, so the frequency decides.
        ([(None, 2400000)] * 2 + [(None, 1800000)] * 6, "big", "3"),
        ([(None, 2400000)] * 2 + [(None, 1800000)] * 6, "little", "fc"),
        # Equal capacities: the frequency again.
        ([(1024, 1800000)] * 2 + [(1024, 2000000)] * 2, "big", "c"),
    ],
)
def test_cores_are_chosen_by_what_the_kernel_says(bench, kinds, cores, mask):
    bench.device.cores(kinds)
    result = bench.measure(variants=("tflite-fp32",), cores=cores)
    masks = (bench.device.root / "masks").read_text().split()
    assert masks == [mask] * 4  # tried once, then three processes
    numbers = [bit for bit in range(8) if int(mask, 16) >> bit & 1]
    assert result.artifacts[0].extra["cores"] == numbers


def test_a_core_that_is_off_is_not_used(bench):
    bench.device.file("sys/devices/system/cpu/cpu7/online", "0\n")
    bench.measure(variants=("tflite-fp32",), cores="big")
    assert set((bench.device.root / "masks").read_text().split()) == {"70"}


# -- heat


def test_a_hot_device_is_waited_for(bench):
    bench.device.celsius(45.0)
    bench.server.inject("echo @thermalservice", lambda device: device.celsius(37.5), nth=3)
    result = bench.measure(cool_down="60", look_every="0.01", variants=("tflite-fp32",))
    assert result.trusted
    assert result.artifacts[0].extra["before"]["celsius"] == 37.5
    assert "skin 45.0 C; waiting for 38.0 C" in bench.told[0]


def test_a_device_that_stays_hot_is_measured_but_not_trusted(bench):
    bench.device.celsius(45.0)
    result = bench.measure(variants=("tflite-fp32",))
    assert not result.trusted
    assert "began at 45.0 C (skin) though 38.0 C was wanted" in result.reasons[0]


def test_a_start_temperature_of_ones_own(bench):
    bench.device.celsius(45.0)
    assert bench.measure(variants=("tflite-fp32",), start_celsius="50").trusted


def throttle(device):
    device.celsius(37.0, status=2)


def cap(device):
    device.file("sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq", "1200000\n")


@pytest.mark.parametrize(
    ("effect", "words"), [(throttle, "thermal status 2 (moderate) after"), (cap, "limit fell")]
)
@pytest.mark.parametrize("runner", ["tool", "app"])
def test_throttling_during_the_run_is_not_trusted(bench, runner, effect, words):
    bench.server.inject("--graph=" if runner == "tool" else "am start", effect)
    result = bench.measure(runner, variants=("tflite-fp32",))
    assert not result.trusted
    assert all(words in record.reasons[0] for record in result.records)


def test_what_a_device_does_not_show_is_no_verdict(bench):
    for name in ("dumpsys-thermalservice", "dumpsys-battery"):
        (bench.device.root / name).unlink()
    bench.device.cores([(None, None)] * 8)
    result = bench.measure()
    assert result.trusted
    after = result.artifacts[0].extra["after"]
    assert (after["celsius"], after["status"], after["frequencies"]) == ("unknown", "unknown", "unknown")


@pytest.mark.parametrize(
    ("text", "source", "celsius"),
    [
        ("@battery\n  temperature: 285\n", "battery", 28.5),
        ("@zones\ncpu-thermal 48312\nsoc 51000\nodd -274000\n", "zone", 51.0),
        ("@zones\ncpu 47\n- -\n", "zone", 47.0),
        ("@zones\nmodem 0\n", None, None),
        ("@thermalservice\nmValue=NaN, mType=3\n@battery\n  temperature: x\n", None, None),
        ("", None, None),
    ],
)
def test_temperatures_come_from_what_there_is(text, source, celsius):
    found = parse(text)
    assert (found.source, found.celsius) == (source, celsius)


def test_a_raspberry_pi_tells_of_throttling_now():
    assert parse("@throttled\nthrottled=0x50005\n").throttled == 5
    assert parse("@throttled\nthrottled=0x50000\n").throttled == 0


@pytest.mark.parametrize(
    ("change", "words"), [(("ro.hardware=acme", "ro.hardware=ranchu"), "emulator"), (None, "battery saver")]
)
def test_doubts_that_are_known_beforehand(bench, change, words):
    if change:
        place = bench.device.root / "properties"
        place.write_text(place.read_text().replace(*change))
    else:
        bench.device.program("settings", "#!/bin/sh\necho 1\n")
    result = bench.measure(variants=("tflite-fp32",))
    assert words in result.reasons[0]


# -- campaigns


def test_two_devices_by_name(bench):
    bench.plug(serial="C3D4")
    result = bench.measure(address="C3D4,A1B2")
    assert result.target == "adb:C3D4,A1B2"
    names = [record.subject for record in result.stage("inference")]
    assert names == [f"{v} on {s}" for s in ("C3D4", "A1B2") for v in ("tflite-fp32", "tflite-int8")]
    assert all(result.artifact(record) is not None for record in result.records)
    assert set(result.environment["devices"]) == {"A1B2", "C3D4"}


def test_an_interrupted_campaign_over_two_devices_repeats_only_what_was_in_flight(bench):
    second = bench.plug(serial="C3D4")
    # The first device is done, and the second one's first variant; its second one breaks in its last process.
    bench.server.inject("--graph=", "unplug", nth=12)
    with pytest.raises(DeviceError):
        bench.measure(address="A1B2,C3D4")
    bench.server.devices.append(second)
    runs = (bench.device.runs, second.runs)
    result = bench.measure(address="A1B2,C3D4")
    assert (bench.device.runs - runs[0], second.runs - runs[1]) == (0, 3)
    assert len(result.stage("inference")) == 4


def test_ctrl_c_keeps_what_is_complete(bench):
    request = bench.request()

    def tell(line):
        if "int8" in line:
            raise KeyboardInterrupt

    result = ADB.measure("", replace(request, tell=tell))
    assert not result.complete
    assert {record.variant for record in result.records} == {"tflite-fp32"}
    assert bench.device.left == []
    with pytest.raises(KeyboardInterrupt):
        ADB.measure("", replace(bench.request(journal=None), tell=lambda _line: tell("int8")))


@pytest.mark.parametrize(
    "options",
    [
        {"cores": "medium"},
        {"processes": "0"},
        {"cool-down": "soon"},
        {"start-celsius": "nan"},
        {"kores": "big"},
    ],
)
def test_settings_that_are_not_allowed_are_usage_errors(bench, options):
    with pytest.raises(click.UsageError):
        bench.measure(**options)
    assert bench.server.requests == []


# -- the command


@pytest.fixture
def command(bench, run_command):

    def call(*words):
        return run_command(
            "fer_edge.bench.commands.bench", DEMO_BUNDLE, "--target", "adb", "--cool-down", "1ms", "--set", "processes=2",
            "--set", "runs=3", "--set", "look-every=0.01", *words, cwd=bench.folder,
        )  # fmt: skip

    return call


def test_the_command_measures_a_bundle_on_a_device(bench, command):
    done = command(
        "--benchmark-model",
        "benchmark_model",
        "--cores",
        "big",
        "--journal",
        "j",
        "--out",
        "r.json",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["target"] == "adb:A1B2"
    assert json.loads((bench.folder / "r.json").read_text())["records"] == document["records"]
    assert {record["variant"] for record in document["records"]} == {"tflite-fp32", "tflite-int8"}


def test_the_command_ends_with_1_and_a_sentence_where_a_device_fails(bench, command):
    bench.server.inject("--graph=", "unplug")
    done = command("--benchmark-model", "benchmark_model", "--out", "r.json")
    assert done.returncode == 1
    assert "A1B2 (Phone 1) went away during the run" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (bench.folder / "r.json").exists()


def test_the_command_ends_with_3_where_the_figures_are_not_trusted(bench, command):
    bench.device.celsius(44.0)
    done = command("--benchmark-model", "benchmark_model")
    assert done.returncode == 3, done.stderr
    assert "44.0 C" in done.stdout + done.stderr


def test_options_of_devices_are_not_for_the_host(run_command, tmp_path):
    done = run_command("fer_edge.bench.commands.bench", "--cores", "big", cwd=tmp_path)
    assert done.returncode == 2
    assert "--target adb" in done.stderr
