import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { softmax } from "../src/answer/softmax.js";
import { FaceTracker, overlapOf, Prediction, ProbabilitySmoother } from "../src/index.js";
import { GOLDEN } from "./support.js";

interface Step {
  reset?: true;
  time_nanos: number;
  probabilities: number[];
  expect: number[];
}

describe("smoothing vectors of all languages", () => {
  const folder = join(GOLDEN, "smoothing");
  test.each(readdirSync(folder).filter((name) => name.endsWith(".json")))("%s", (name) => {
    const found = JSON.parse(readFileSync(join(folder, name), "utf8"));
    const options = { halfLifeSeconds: found.half_life_seconds, resetSeconds: found.reset_seconds };
    const smoother = new ProbabilitySmoother(found.labels, options);
    for (const step of found.steps as Step[]) {
      if (step.reset) smoother.reset();
      else expect([...smoother.update(step.probabilities, step.time_nanos)]).toEqual(step.expect);
    }
  });
});

test("impossible numbers of a smoother are a sentence", () => {
  expect(() => new ProbabilitySmoother(0)).toThrow("0 labels; allowed: at least 1");
  expect(() => new ProbabilitySmoother(2, { halfLifeSeconds: Number.POSITIVE_INFINITY })).toThrow(
    "half life is Infinity s",
  );
  expect(() => new ProbabilitySmoother(2).update([1], 0)).toThrow("1 probabilities; allowed: 2");
});

test("labels that are numbers or names of properties keep their order", () => {
  const prediction = new Prediction(["10", "2", "__proto__"], Float32Array.of(0.25, 0.25, 0.5));
  expect([...prediction.probabilities.keys()]).toEqual(["10", "2", "__proto__"]);
  expect(prediction.label).toBe("__proto__");
  expect(prediction.top(2).map((guess) => guess.label)).toEqual(["__proto__", "10"]);
  expect(prediction.top(9)).toHaveLength(3);
  expect(prediction.top(-1)).toEqual([]);
});

test("softmax of large logits", () => {
  expect([...softmax(Float32Array.of(1000, 1000, -1000))]).toEqual([0.5, 0.5, 0]);
});

describe("tracker", () => {
  test("faces that move and change places in the list keep their identity", () => {
    const tracker = new FaceTracker();
    const ids = (boxes: [number, number, number, number][], at: number) =>
      tracker.update(boxes, at * 1e9).map((track) => track.id);
    expect(
      ids(
        [
          [0, 0, 100, 100],
          [200, 0, 300, 100],
        ],
        0,
      ),
    ).toEqual([1, 2]);
    expect(
      ids(
        [
          [210, 5, 310, 105],
          [8, 0, 108, 100],
        ],
        0.1,
      ),
    ).toEqual([2, 1]);
    expect(ids([[500, 0, 600, 100]], 0.2)).toEqual([3]);
    // Face 1 was away for less than a second, face 2 comes back too late.
    expect(ids([[8, 0, 108, 100]], 0.9)).toEqual([1]);
    expect(ids([[210, 5, 310, 105]], 1.5)).toEqual([4]);
  });

  test("each face is joined with the box that covers it best", () => {
    const tracker = new FaceTracker();
    tracker.update([[0, 0, 100, 100]], 0);
    const found = tracker.update(
      [
        [40, 0, 140, 100],
        [5, 0, 105, 100],
      ],
      1,
    );
    expect(found.map((track) => track.id)).toEqual([2, 1]);
  });

  test("overlap", () => {
    expect(overlapOf([0, 0, 10, 10], [5, 0, 15, 10])).toBeCloseTo(1 / 3);
    expect(overlapOf([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
  });
});
