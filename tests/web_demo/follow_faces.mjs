// Takes clips, a line each: boxes and time of each frame. Answers with the number of each face, from 0 on.
import { createInterface } from "node:readline";
import { FaceTracker } from "../../web_demo/core/dist/index.js";

for await (const line of createInterface({ input: process.stdin })) {
  const tracker = new FaceTracker();
  const numbers = JSON.parse(line).map(([boxes, nanos]) => tracker.update(boxes, nanos).map((track) => track.id - 1));
  console.log(JSON.stringify(numbers));
}
