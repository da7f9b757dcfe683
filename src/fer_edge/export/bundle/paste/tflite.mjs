import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core"; // npm install @litertjs/core

const file = "bundle/fer-mini-fp32.tflite";
const contract = await (await fetch(file + ".contract.json")).json();
await loadLiteRt("./wasm/"); // a copy of node_modules/@litertjs/core/wasm
const model = await loadAndCompile(file, { accelerator: "wasm" });

/** Probability of each label for a face in a picture: the arguments of prepare. */
export async function emotions(rgba, width, height, box = null) {
  const { channels, width: w, height: h } = contract.input;
  const input = new Tensor(prepare(contract, rgba, width, height, box), [1, h, w, channels]);
  const data = await (await model.run(input))[0].data();
  input.delete();
  return Object.fromEntries(contract.labels.map((label, i) => [label, data[i]]));
}
