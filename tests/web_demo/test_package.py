"""The npm package as another project gets it: packed, unpacked beside nothing else, typed and run."""

import json
import shutil
import tarfile

import pytest

from fer_edge.runtime import load
from support import node
from support.paths import DEMO_BUNDLE, ROOT

USE = """
import { readFileSync } from "node:fs";
import { FaceTracker, FerEdgeError, Frame, loadBundle, prepare, ProbabilitySmoother } from "@fer-edge/core";
import { goldenFault, parseGolden } from "@fer-edge/core/golden";

const bundle = await loadBundle(async (path) => new Uint8Array(readFileSync(`${process.argv[2]}/${path}`)));
const { contract } = await bundle.load("tflite-fp32");
const frame = Frame.fromRgba(new Uint8Array(4 * 100 * 80).fill(100), { width: 100, height: 80 });
const tensor = prepare(frame, contract, [10, 10, 60, 60]);
const fault: string | null = await goldenFault(parseGolden(readFileSync(process.argv[3])));
new ProbabilitySmoother(contract.labels.length).update(tensor.subarray(0, contract.labels.length), 0);
const ids: number[] = new FaceTracker().update([[10, 10, 60, 60]], 0).map((track) => track.id);
const refused: boolean = await bundle.read("../x").then(() => false, (error: unknown) => error instanceof FerEdgeError);
console.log(JSON.stringify({ labels: contract.labels, length: tensor.length, first: tensor[0], fault, ids, refused }));
"""


@pytest.fixture(scope="module")
def project(core, tmp_path_factory):
    """Somebody's project with the package and no other."""
    folder = tmp_path_factory.mktemp("project")
    (name,) = json.loads(node.run(["npm", "pack", "--json", "--pack-destination", folder], cwd=core))
    with tarfile.open(folder / name["filename"]) as archive:
        archive.extractall(folder, filter="data")
    (folder / "node_modules/@fer-edge").mkdir(parents=True)
    (folder / "package").rename(folder / "node_modules/@fer-edge/core")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "use.ts").write_text(USE)
    return folder


def test_it_holds_code_types_and_license_and_no_source(project):
    package = project / "node_modules/@fer-edge/core"
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    kinds = {"".join(path.suffixes) for path in package.rglob("*") if path.is_file()}
    assert kinds == {"", ".json", ".md", ".js", ".d.ts"}
    described = json.loads((package / "package.json").read_text())
    assert not described.get("dependencies")
    assert {"@litertjs/core", "onnxruntime-web"} == set(described["peerDependenciesMeta"])


@pytest.mark.parametrize("resolution", ["Bundler", "NodeNext"])
def test_its_types_suit_a_strict_project(project, resolution):
    module = "NodeNext" if resolution == "NodeNext" else "ESNext"
    settings = {
        "strict": True, "target": "ES2022", "module": module, "moduleResolution": resolution, "noEmit": True,
        "types": ["node"], "typeRoots": [str(node.WEB_DEMO / "node_modules/@types")],
        "lib": ["ES2022", "DOM"],
    }  # fmt: skip
    (project / "tsconfig.json").write_text(json.dumps({"compilerOptions": settings, "files": ["use.ts"]}))
    node.run([node.WEB_DEMO / "node_modules/.bin/tsc", "--project", project], cwd=project)


def test_it_runs_in_node_without_any_engine(project):
    tsc = [node.WEB_DEMO / "node_modules/.bin/tsc", "--noCheck", "--target", "ES2022", "--module", "ESNext"]
    node.run([*tsc, "--ignoreConfig", "use.ts"], cwd=project)
    vector = ROOT / "tests/golden/camera/nv21-odd.json"
    answer = json.loads(node.run([shutil.which("node"), "use.js", DEMO_BUNDLE, vector], cwd=project))
    contract = load(DEMO_BUNDLE).contract
    mean, std = contract.normalization.mean[0], contract.normalization.std[0]
    assert answer.pop("first") == pytest.approx((100 / 255 - mean) / std)
    assert answer == {
        "labels": list(contract.labels),
        "length": contract.input.width * contract.input.height,
        "fault": None,
        "ids": [1],
        "refused": True,
    }
