import * as ort from "onnxruntime-web"; // npm install onnxruntime-web

const file = "bundle/fer-mini-fp32.onnx";
const contract = await (await fetch(file + ".contract.json")).json();
const session = await ort.InferenceSession.create(new Uint8Array(await (await fetch(file)).arrayBuffer()));

/** Probability of each label for a face in a picture: the arguments of prepare. */
export async function emotions(rgba, width, height, box = null) {
  const { name, channels, width: w, height: h } = contract.input;
  const input = new ort.Tensor("float32", prepare(contract, rgba, width, height, box), [1, channels, h, w]);
  const { data } = (await session.run({ [name]: input }))[contract.output.name];
  return Object.fromEntries(contract.labels.map((label, i) => [label, data[i]]));
}
