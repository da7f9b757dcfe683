"""``fer-bench`` and ``fer-bench compare`` as commands: real engines on the demo's bundle, exit codes, sentences, Ctrl-C."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.bench.commands.bench import main
from fer_edge.bench.measure import plans
from fer_edge.bench.reports import charts
from fer_edge.bench.results.records import Record, Result, read, write
from fer_edge.bench.targets import host
from fer_edge.runtime.errors import MissingExtra
from support.paths import DEMO_BUNDLE
from support.processes import environment

SHORT = {"seconds": 0.5, "generations": 2, "fewest_generations": 2, "fewest_rounds": 8, "turn_seconds": 0.002}


@pytest.fixture
def bench(capsys, monkeypatch):
    """``bench(*arguments)``: exit code, standard output, standard error; modes are shortened to a second or two."""
    monkeypatch.setattr(host, "PLANS", {name: replace(plan, **SHORT) for name, plan in host.PLANS.items()})
    monkeypatch.setattr(plans, "COMPARE_QUICK", replace(plans.COMPARE_QUICK, **SHORT))
    monkeypatch.setattr(plans, "COMPARE", replace(plans.COMPARE, **SHORT))

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def bundle(tmp_path):
    return Path(shutil.copytree(DEMO_BUNDLE, tmp_path / "bundle"))


def rewrite_manifest(bundle, change):
    place = bundle / "manifest.json"
    manifest = json.loads(place.read_text())
    change(manifest)
    place.write_text(json.dumps(manifest))


def test_a_bundle_is_measured_and_written(bench, tmp_path):
    code, out, err = bench(
        DEMO_BUNDLE, "--quick", "--allow-noisy", "--out", tmp_path / "r.json", "--out", tmp_path / "r.csv"
    )
    assert code == 0, err
    assert "tflite-fp32" in out
    assert "tflite-int8" in out
    result = read(tmp_path / "r.json")
    assert result.bundle_sha256 == hashlib.sha256((DEMO_BUNDLE / "manifest.json").read_bytes()).hexdigest()
    assert result.mode["name"] == "quick"
    for variant in ("tflite-fp32", "tflite-int8"):
        found = {record.stage: record for record in result.records if record.variant == variant}
        assert set(found) == {"load", "first", "inference", "camera", "whole"}
        assert len(found["load"].samples) == 2  # one a process
        assert {block.generation for block in found["inference"].blocks} == {0, 1}
        artifact = result.artifact(found["inference"])
        assert artifact.parity == "pass"
        assert artifact.bytes == (DEMO_BUNDLE / artifact.file).stat().st_size
        assert artifact.sha256 == hashlib.sha256((DEMO_BUNDLE / artifact.file).read_bytes()).hexdigest()
        assert min(artifact.peak_memory_bytes) > max(artifact.base_memory_bytes) > 1 << 20
    assert {"cpu", "cpus", "governor", "load_average_1min", "pressure", "steal", "versions"} <= set(
        result.environment
    )
    assert result.environment["aa_check"]["value"] > 0
    assert (tmp_path / "r.csv").stat().st_size > 100


def test_rounds_are_complete_and_everybodys_order_is_random(bench, tmp_path):
    bench(DEMO_BUNDLE, "--quick", "--allow-noisy", "--out", tmp_path / "r.json", "--seed", 3)
    records = read(tmp_path / "r.json").stage("inference")
    turns = [{(block.generation, block.turn): block.begin for block in record.blocks} for record in records]
    assert turns[0].keys() == turns[1].keys()
    first = {turns[0][key] < turns[1][key] for key in turns[0]}
    assert first == {True, False}


def test_json_is_the_document(bench):
    code, out, _ = bench(DEMO_BUNDLE, "--quick", "--allow-noisy", "--json", "--variant", "tflite-int8")
    assert code == 0
    result = Result.parse(out)
    assert result.records[0].variant == "tflite-int8"
    (summary,) = result.extra["summary"]
    samples = sorted(result.stage("inference")[0].samples)
    found = summary["stages"]["inference"]
    assert found["fastest"] == samples[0]
    assert samples[0] <= found["median"] <= samples[-1]
    assert found["p99"]["value"] is not None or found["p99"]["samples_needed"] > len(samples)


def test_one_artifact_with_several_threads_and_another_inside(bench):
    file = DEMO_BUNDLE / "fer-mini-fp32.tflite"
    code, out, err = bench(
        file, "--quick", "--allow-noisy", "--json", "--threads", "1,2", "--engine", "litert,litert:builtin"
    )
    assert code == 0, err
    found = {(record.engine.partition(" (")[2], record.threads) for record in Result.parse(out).records}
    assert found == {("", 1), ("", 2), ("builtin)", 1), ("builtin)", 2)}


def test_artifacts_of_one_variant_are_told_apart(bench, bundle):
    code, out, _ = bench(
        DEMO_BUNDLE, bundle, "--variant", "tflite-int8", "--quick", "--allow-noisy", "--json"
    )
    assert code == 0
    names = {record.name for record in Result.parse(out).records}
    assert names == {f"tflite-int8 of {DEMO_BUNDLE}", f"tflite-int8 of {bundle}"}


def test_compare_says_who_is_faster(bench, tmp_path):
    fp32, int8 = DEMO_BUNDLE / "fer-mini-fp32.tflite", DEMO_BUNDLE / "fer-mini-int8.tflite"
    code, out, err = bench(
        "compare", fp32, int8, "--quick", "--allow-noisy", "--json", "--out", tmp_path / "c.json"
    )
    assert code == 0, err
    document = json.loads(out)
    assert document["complete"] is True
    assert document["ratio"] < 1
    assert document["interval"][0] < document["ratio"] < document["interval"][1]
    assert {record.subject for record in read(tmp_path / "c.json").records} == {"A", "B"}


def test_compare_of_bundles_takes_the_variant_that_load_takes(bench):
    code, out, err = bench(
        "compare", DEMO_BUNDLE, DEMO_BUNDLE, "--quick", "--allow-noisy", "--fail-if-slower", "50%"
    )
    assert code == 0, err
    assert "A: tflite-fp32 of" in err
    assert "B: tflite-fp32 of" in err
    assert out.startswith(f"B ({DEMO_BUNDLE}) against A ({DEMO_BUNDLE}), inference: ")


def test_compare_of_two_revisions(bench, tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    shutil.copytree(DEMO_BUNDLE, repository / "models" / "bundle")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "one"), ("tag", "old")):
        subprocess.run(["git", *words], cwd=repository, check=True, capture_output=True)
    monkeypatch.chdir(repository)
    code, out, err = bench(
        "compare",
        "old:models/bundle",
        "models/bundle",
        "--variant",
        "tflite-int8",
        "--quick",
        "--allow-noisy",
        "--json",
    )
    assert code == 0, err
    assert json.loads(out)["first"] == "A (old:models/bundle)"
    code, out, err = bench(
        *(
            "old:models/bundle",
            "models/bundle",
            "--variant",
            "tflite-int8",
            "--quick",
            "--allow-noisy",
            "--json",
        )
    )
    assert code == 0, err
    names = [record.name for record in Result.parse(out).stage("whole")]
    assert names == [
        "tflite-int8 of old:models/bundle",
        "tflite-int8 of models/bundle",
    ]  # no temporary folder
    code, _, err = bench("compare", "older:models/bundle", "models/bundle", "--variant", "tflite-int8")
    assert code == 1
    assert "older:models/bundle is neither a path nor in git" in err


def result_file(path, scale, **changed):
    samples = [0.001 * scale * (1 + 0.001 * (number % 7)) for number in range(400)]
    write(
        path, Result({}, (replace(Record("tflite-int8", "e 1", 1, "inference", tuple(samples)), **changed),))
    )
    return path


@pytest.mark.parametrize(("scale", "expected"), [(1.2, 3), (1.0, 0), (0.8, 0)])
def test_compare_of_files_fails_on_clear_regressions(bench, tmp_path, scale, expected):
    a, b = result_file(tmp_path / "a.json", 1.0), result_file(tmp_path / "b.json", scale)
    code, out, err = bench("compare", a, b, "--fail-if-slower", "5%")
    assert code == expected
    assert ("clearly slower" in err) == (expected == 3)
    assert "tflite-int8" in out


def test_untrusted_files_end_with_3_unless_that_is_accepted(bench, tmp_path):
    a = result_file(tmp_path / "a.json", 1.0)
    b = result_file(tmp_path / "b.json", 1.0, trusted=False, reasons=("steal: much",))
    code, out, _ = bench("compare", a, b)
    assert code == 3
    assert "UNTRUSTED" in out
    assert bench("compare", a, b, "--allow-noisy")[0] == 0


def test_the_gate(bench, tmp_path):
    bench(
        DEMO_BUNDLE, "--quick", "--allow-noisy", "--variant", "tflite-int8", "--out", tmp_path / "main.json"
    )
    baseline = read(tmp_path / "main.json")
    # Two generations on a busy machine leave an interval so wide that ten times as slow may still lie inside.
    faster = tuple(
        replace(record, samples=tuple(sample / 1e4 for sample in record.samples))
        for record in baseline.records
    )
    write(tmp_path / "faster.json", replace(baseline, records=faster))
    again = (DEMO_BUNDLE, "--quick", "--allow-noisy", "--variant", "tflite-int8")
    code, out, err = bench(*again, "--against", tmp_path / "faster.json")
    assert code == 3
    assert "regression: tflite-int8" in err
    slower = tuple(
        replace(record, samples=tuple(sample * 1e4 for sample in record.samples))
        for record in baseline.records
    )
    write(tmp_path / "slower.json", replace(baseline, records=slower))
    code, out, err = bench(*again, "--against", tmp_path / "slower.json", "--json")
    assert code == 0, err
    assert json.loads(out)["extra"]["against"]["records"][0]["verdict"] == "faster"


def test_the_gate_with_nothing_in_common_says_so_before_anything_is_measured(bench, tmp_path):
    result_file(tmp_path / "main.json", 1.0, variant="tflite-w8")
    code, out, err = bench(DEMO_BUNDLE, "--against", tmp_path / "main.json")
    assert (code, out) == (1, "")
    assert "it has tflite-w8 with 1 threads; to be measured: tflite-fp32 with 1 threads" in err
    assert "generation" not in err


def test_the_gate_without_a_common_engine_leaves_table_and_file(bench, tmp_path):
    result_file(tmp_path / "main.json", 1.0)
    code, out, err = bench(
        *(DEMO_BUNDLE, "--quick", "--allow-noisy", "--variant", "tflite-int8"),
        *("--against", tmp_path / "main.json", "--out", tmp_path / "new.json"),
    )
    assert code == 1
    assert "no record of a variant" in err
    assert out.splitlines()[2].startswith("tflite-int8")
    assert read(tmp_path / "new.json").complete


def test_a_form_that_cannot_be_drawn_costs_neither_table_nor_other_files(bench, tmp_path, monkeypatch):
    def absent(module, extra):
        raise MissingExtra(module, extra)

    monkeypatch.setattr(charts, "require", absent)  # as if it were removed while the models were measured
    words = (DEMO_BUNDLE, "--quick", "--allow-noisy", "--variant", "tflite-int8")
    code, out, err = bench(*words, "--out", tmp_path / "r.html", "--out", tmp_path / "r.json")
    assert code == 1
    assert "matplotlib" in err
    assert out.splitlines()[2].startswith("tflite-int8")
    assert read(tmp_path / "r.json").complete


def test_the_gates_verdict_is_in_the_file_too(bench, tmp_path):
    words = (DEMO_BUNDLE, "--quick", "--allow-noisy", "--variant", "tflite-int8", "--out")
    bench(*words, tmp_path / "main.json")
    bench(*words, tmp_path / "new.json", "--against", tmp_path / "main.json", "--fail-if-slower", "900%")
    assert read(tmp_path / "new.json").extra["against"]["limit"] == 9


def test_untrusted_figures_are_printed_marked_and_end_with_3(bench, monkeypatch):
    monkeypatch.setattr("fer_edge.bench.measure.quality.CPU_PRESSURE", -1.0)
    monkeypatch.setattr("fer_edge.bench.measure.quality.STEAL", -1.0)
    code, out, err = bench(DEMO_BUNDLE, "--quick", "--variant", "tflite-int8")
    assert code == 3
    assert "UNTRUSTED" in out
    assert "--allow-noisy accepts them" in err
    assert bench(DEMO_BUNDLE, "--quick", "--variant", "tflite-int8", "--allow-noisy")[0] == 0


def test_a_model_whose_parity_failed_is_refused(bench, bundle):
    def fail(manifest):
        manifest["artifacts"][0]["parity"] |= {"verdict": "fail", "reason": "max_abs 0.4"}

    rewrite_manifest(bundle, fail)
    code, _, err = bench(bundle, "--variant", "tflite-fp32")
    assert code == 3
    assert "parity failed: max_abs 0.4" in err
    code, out, _ = bench(bundle, "--quick", "--allow-noisy")
    assert code == 0
    assert "tflite-fp32: - (its parity failed" in out


def test_a_changed_byte_and_a_missing_file(bench, bundle):
    file = bundle / "fer-mini-int8.tflite"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    code, _, err = bench(bundle, "--quick")
    assert code == 1
    assert "fer-mini-int8.tflite was changed" in err
    file.unlink()
    code, _, err = bench(bundle, "--quick")
    assert code == 1
    assert "fer-mini-int8.tflite" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 1, "nowhere does not exist"),
        ([DEMO_BUNDLE, "--variant", "tflite-w8"], 1, "variant 'tflite-w8' is unknown"),
        ([DEMO_BUNDLE, "--engine", "litrt"], 1, "Did you mean 'litert'"),
        ([DEMO_BUNDLE, "--engine", "litert:xnpack"], 1, "Allowed: litert, "),
        ([DEMO_BUNDLE, "--engine", "litert,litert:bultin"], 1, "Did you mean 'litert:builtin'"),
        (["compare", "a.json", "b.json", "--engine", "litert"], 2, "--engine is for live comparisons"),
        ([DEMO_BUNDLE, "--variant", "tflite-fp32", "--engine", "onnxruntime"], 1, "not tflite"),
        ([DEMO_BUNDLE, "--target", "hsot"], 2, "Did you mean 'host'"),
        ([DEMO_BUNDLE, "--threads", "0"], 2, "threads"),
        ([DEMO_BUNDLE, "--quick", "--mlperf"], 2, "do not go together"),
        ([DEMO_BUNDLE, "--sustained", "10"], 2, "unit"),
        ([DEMO_BUNDLE, "--fail-if-slower", "5"], 2, "unit"),
        ([DEMO_BUNDLE, "--fail-if-slower", "5%"], 2, "add --against FILE"),
        ([DEMO_BUNDLE, "--cores", "big"], 2, "--target"),
        ([DEMO_BUNDLE, "--out", "report.txt"], 2, ".html"),
        ([DEMO_BUNDLE, "--out", "nowhere/r.json"], 1, "nowhere"),
        ([DEMO_BUNDLE, "--against", "nowhere.json"], 1, "nowhere.json does not exist"),
        ([DEMO_BUNDLE, DEMO_BUNDLE], 1, "fer-bench compare"),
        (["compare", "a.json", DEMO_BUNDLE], 2, "two result files or two artifacts"),
        (["compare", DEMO_BUNDLE], 2, "Missing argument"),
    ],
)
def test_bad_input_is_a_sentence_and_an_exit_code(bench, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    found, out, err = bench(*arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_as_out_is_refused_before_a_minute_is_spent(bench, tmp_path):
    (tmp_path / "r.json").mkdir()
    code, _, err = bench(DEMO_BUNDLE, "--out", tmp_path / "r.json")
    assert code == 1
    assert "it is a folder" in err


def test_zero_samples(bench, tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps({"schema": "fer-edge-bench/1", "bundle_sha256": None, "environment": {}, "records": []})
    )
    b = result_file(tmp_path / "b.json", 1.0)
    code, _, err = bench("compare", tmp_path / "a.json", b)
    assert code == 1
    assert "share no inference" in err


def test_an_engine_that_refuses_leaves_the_others(bench, bundle):
    """Valid by every hash, and still no model: what the manifest proves is bytes, not sense."""
    file = bundle / "fer-mini-fp32.tflite"
    data = bytearray(file.read_bytes())
    root = int.from_bytes(data[:4], "little")
    table = root - int.from_bytes(data[root : root + 4], "little", signed=True)
    version = root + int.from_bytes(data[table + 4 : table + 6], "little")
    assert int.from_bytes(data[version : version + 4], "little") == 3
    data[version] = 99  # no interpreter reads schema version 99
    file.write_bytes(data)

    def bless(manifest):
        manifest["files"][file.name]["sha256"] = hashlib.sha256(data).hexdigest()

    rewrite_manifest(bundle, bless)
    code, out, err = bench(bundle, "--quick", "--allow-noisy")
    assert code == 1
    assert "not measured: tflite-fp32: LiteRT cannot open" in err
    assert "tflite-fp32: - (LiteRT cannot open" in out
    assert out.splitlines()[2].startswith("tflite-int8")


@pytest.mark.parametrize("mode", ["--sustained", "--mlperf"])
def test_long_modes(bench, mode, monkeypatch):
    monkeypatch.setattr(
        host,
        "PLANS",
        {
            **host.PLANS,
            "mlperf": replace(
                plans.MLPERF, queries=20, repeat_seconds=0.05, turn_seconds=0.01, fewest_rounds=2
            ),
        },
    )
    words = [mode, "1s"] if mode == "--sustained" else [mode]
    code, out, err = bench(DEMO_BUNDLE, *words, "--allow-noisy", "--json")
    assert code in {0, 3}, err  # 3: repeats that differ are invalid
    facts = json.loads(out)["extra"][mode.strip("-")]
    assert [fact["variant"] for fact in facts] == ["tflite-fp32", "tflite-int8"]
    if mode == "--mlperf":
        assert all(min(fact["queries"]) >= 20 and len(fact["queries"]) == 5 for fact in facts)


def test_ctrl_c_keeps_what_is_complete_and_says_so(tmp_path):
    # A suite in the background ignores Ctrl-C, and so would the command.
    listen = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    listen += "runpy.run_module('fer_edge.bench.commands.bench', run_name='__main__', alter_sys=True)"
    process = subprocess.Popen(
        [
            sys.executable, "-c", listen, str(DEMO_BUNDLE),
            "--quick", "--allow-noisy", "--out", str(tmp_path / "r.json"),
        ],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    for line in process.stderr:
        if line.startswith("generation 2"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Stopped." in err
    assert "interrupted" in out
    result = read(tmp_path / "r.json")
    assert not result.complete
    counts = {len(record.blocks) for record in result.stage("inference")}
    assert len(counts) == 1  # whole rounds only
    assert {block.generation for record in result.stage("inference") for block in record.blocks} == {0}


def test_help_names_the_ways(bench):
    code, out, _ = bench("--help")
    assert code == 0
    assert "compare" in out
    assert "advise" in out
    assert "Example:" in out
    assert "--fail-if-slower" in bench("compare", "--help")[1]


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["bundle"], "scipy"),
        (["bundle", "--out", "report.html"], "matplotlib"),
        (["compare", "a", "b"], "scipy"),
        (["advise", "bundle"], "scipy"),
    ],
)
def test_a_missing_library_is_said_before_anything_else(words, missing, monkeypatch, capsys, tmp_path):
    """Nothing that the words name is there; still the library comes first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 1
    assert f"{missing} is not installed: pip install" in capsys.readouterr().err
