"""The TypeScript of examples/cross_platform, compiled strictly and run against a stand-in of React Native."""

import json
import shutil
import subprocess

import pytest

from support import node
from support.paths import ROOT

SOURCE = ROOT / "examples/cross_platform/ferEdge.ts"
TYPES = 'declare module "react-native" { export const NativeModules: Record<string, unknown>; }\n'
RUN = """
import { analyze } from "./ferEdge.js";
console.log(JSON.stringify([await analyze("face.jpg"), await analyze("wall.jpg")]));
"""
STAND_IN = """
const answers = { "face.jpg": { neutral: 0.25, happiness: 0.75 }, "wall.jpg": null };
export const NativeModules = { FerEdge: { analyze: async (path) => answers[path] } };
"""


@pytest.mark.timeout(900)
def test_react_natives_side_compiles_and_sorts(tmp_path):
    node.install()
    shutil.copy(SOURCE, tmp_path)
    (tmp_path / "react-native.d.ts").write_text(TYPES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    compiler = node.WEB_DEMO / "node_modules/typescript/bin/tsc"
    options = ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    node.run(["node", compiler, *options, "ferEdge.ts", "react-native.d.ts"], cwd=tmp_path)
    module = tmp_path / "node_modules/react-native"
    module.mkdir(parents=True)
    (module / "package.json").write_text('{"name": "react-native", "type": "module", "main": "index.js"}')
    (module / "index.js").write_text(STAND_IN)
    (tmp_path / "run.js").write_text(RUN)
    done = subprocess.run(
        ["node", "run.js"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    face = [{"label": "happiness", "probability": 0.75}, {"label": "neutral", "probability": 0.25}]
    assert json.loads(done.stdout) == [face, None]
