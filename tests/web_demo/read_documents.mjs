// Takes documents, a line each, and answers with null or with why they are refused.
import { createInterface } from "node:readline";
import { FerEdgeError, parseContract, parseManifest } from "../../web_demo/core/dist/index.js";
import { parseGolden } from "../../web_demo/core/dist/golden.js";

const READERS = { contract: parseContract, manifest: parseManifest, vector: parseGolden };

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, data } = JSON.parse(line);
  try {
    await READERS[kind](new Uint8Array(Buffer.from(data, "base64")));
    console.log("null");
  } catch (error) {
    if (!(error instanceof FerEdgeError)) throw error;
    console.log(JSON.stringify(error.message));
  }
}
