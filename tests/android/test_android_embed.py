"""``fer-export --android DIR``: what it writes into an app's module."""

import pytest
from click.testing import CliRunner

from fer_edge.export.bundle.android import ASSETS, CODE, check_module, embed, kotlin
from fer_edge.export.cli import main
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.errors import ExportError
from support.paths import DEMO_BUNDLE


@pytest.fixture
def module(tmp_path):
    (tmp_path / "app/src/main").mkdir(parents=True)
    return tmp_path / "app"


def test_the_bundle_lies_whole_in_the_assets(module):
    written = embed(DEMO_BUNDLE, module)
    assert written == [module / ASSETS, module / CODE]
    copy = open_bundle(module / ASSETS)
    assert copy.sha256 == open_bundle(DEMO_BUNDLE).sha256
    assert copy.check_files() == []
    assert copy.find_unlisted() == []


def test_a_second_run_replaces_the_first(module):
    embed(DEMO_BUNDLE, module)
    embed(DEMO_BUNDLE, module)
    assert open_bundle(module / ASSETS).find_unlisted() == []


def test_the_constants_are_the_bundle_s(module):
    text = kotlin(DEMO_BUNDLE)
    assert f'const val SHA256: String = "{open_bundle(DEMO_BUNDLE).sha256}"' in text
    assert "const val WIDTH: Int = 64\n" in text
    assert "const val CHANNELS: Int = 1\n" in text
    assert '            "tflite-fp32",\n            "tflite-int8",\n        )' in text
    assert '            "neutral",\n            "happiness",\n' in text
    assert "@" not in text


def test_somebody_s_folder_is_not_overwritten(module):
    (module / ASSETS).mkdir(parents=True)
    (module / ASSETS / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="not a bundle that can be replaced"):
        embed(DEMO_BUNDLE, module)
    assert (module / ASSETS / "thesis.txt").read_text() == "mine"


def test_a_folder_without_src_main_is_a_sentence(tmp_path):
    with pytest.raises(ExportError, match="is no Android module: it has no folder src/main"):
        check_module(tmp_path)


def test_other_formats_are_a_usage_error(module):
    found = CliRunner().invoke(main, ["--format", "onnx", "--android", str(module)])
    assert found.exit_code == 2
    assert "--android embeds tflite" in found.stderr
