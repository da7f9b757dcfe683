// What runs in the page: golden vectors, engines against a bundle's probabilities, times.
import * as core from "@fer-edge/core";
import { goldenFault, parseGolden } from "@fer-edge/core/golden";
import { timeCameraPath } from "./camera.mjs";

const FILES = { litert: "/modules/@litertjs/core/wasm/", onnxruntime: "/modules/onnxruntime-web/dist/" };

/** The sentence of each vector that gives other bytes than it should. */
export async function faultsOfVectors(addresses) {
  const faults = [];
  for (const address of addresses) {
    const fault = await goldenFault(parseGolden(new Uint8Array(await (await fetch(address)).arrayBuffer())));
    if (fault !== null) faults.push(fault);
  }
  return faults;
}

/** Every variant of a bundle in every engine of its format: refused, or how far its answers are from the golden ones. */
export async function compareEngines(bundleAddress, goldenAddress) {
  const [bundle, reference] = await Promise.all(
    [bundleAddress, goldenAddress].map((address) => core.loadBundle(address)),
  );
  const cases = [];
  for (const path of reference.goldenPaths) cases.push(parseGolden(await reference.read(path)));
  const rows = [];
  for (const kind of core.ENGINES) {
    const engine = await core.createEngine(kind, { wasm: new URL(FILES[kind], location.href).href });
    for (const artifact of bundle.manifest.artifacts) {
      if (artifact.format === engine.format)
        rows.push({ engine: kind, ...(await compare(bundle, engine, artifact.variant, cases)) });
    }
  }
  return rows;
}

async function compare(bundle, engine, variant, cases) {
  let model;
  try {
    model = await core.FerModel.open(bundle, engine, variant);
  } catch (error) {
    if (!(error instanceof core.FerEdgeError)) throw error;
    return { variant, refused: error.message };
  }
  let maxAbs = 0;
  let sameFirst = 0;
  const times = [];
  for (const golden of cases) {
    const frame = golden.frame();
    const { values } = await model.predict(frame, golden.box);
    golden.probabilities.forEach((wanted, index) => {
      maxAbs = Math.max(maxAbs, Math.abs(values[index] - wanted));
    });
    sameFirst +=
      values.indexOf(Math.max(...values)) === golden.probabilities.indexOf(Math.max(...golden.probabilities)) ? 1 : 0;
    const tensor = model.prepare(frame, golden.box);
    for (let repeat = 0; repeat < 20; repeat++) {
      const start = performance.now();
      await model.run(tensor);
      times.push(performance.now() - start);
    }
  }
  model.close();
  const milliseconds = times.sort((one, other) => one - other)[times.length >> 1];
  return { variant, refused: null, maxAbs, cases: cases.length, sameFirst, milliseconds };
}

export function times(repeats) {
  return timeCameraPath(core, repeats);
}
