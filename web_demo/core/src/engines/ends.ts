import type { LoadedArtifact } from "../bundle/bundle.js";
import { shapeOf } from "../bundle/contract.js";
import { ModelError } from "../errors.js";

/** An input or output as an engine reports it. */
export interface End {
  readonly name: string;
  /** `float32`, `int8`, `uint8`, or another word that no contract has. */
  readonly dtype: string;
  /** Null where the engine does not tell. */
  readonly shape: readonly number[] | null;
}

/**
 * Compares an opened model with its contract.
 *
 * @throws ModelError other inputs or outputs than the contract says.
 */
export function checkEnds(loaded: LoadedArtifact, inputs: readonly End[], outputs: readonly End[]): void {
  const { contract, artifact } = loaded;
  const fail = (what: string, said: string): never => {
    throw new ModelError(
      `${artifact.path} ${what}, its contract says ${said}; use the model file and the contract of one bundle`,
    );
  };
  if (inputs.length !== 1) fail(`has ${inputs.length} inputs`, "1");
  if (outputs.length !== 1) fail(`has ${outputs.length} outputs`, "1");
  const [input] = inputs;
  const [output] = outputs;
  const { dtype } = contract.input;
  if (input.dtype !== dtype) fail(`takes ${input.dtype}`, dtype);
  if (!sameShape(input.shape, shapeOf(contract.input))) fail(`takes (${input.shape})`, `(${shapeOf(contract.input)})`);
  const labels = contract.labels.length;
  if (!sameShape(output.shape, [1, labels]) && !sameShape(output.shape, [labels])) {
    fail(`answers (${output.shape})`, `${labels} labels`);
  }
  if ((output.dtype === "float32") !== (contract.outputQuantization === null)) {
    const said = contract.outputQuantization === null ? "no quantization, so float32" : "a quantization, so an integer";
    fail(`answers in ${output.dtype}`, said);
  }
}

function sameShape(found: readonly number[] | null, wanted: readonly number[]): boolean {
  return found === null || (found.length === wanted.length && found.every((side, axis) => side === wanted[axis]));
}
