// Takes golden vectors, a line each, and answers with the hash of each stage, or with the error.
import { createInterface } from "node:readline";
import { FrameError } from "../../web_demo/core/dist/index.js";
import { hashesOf, parseGolden, runGolden } from "../../web_demo/core/dist/golden.js";

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await hashesOf(runGolden(parseGolden(line)))));
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    console.log(JSON.stringify({ error: error.part, message: error.message }));
  }
}
