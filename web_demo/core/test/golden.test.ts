import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goldenFault, parseGolden } from "../src/golden.js";
import { GOLDEN } from "./support.js";

const folders = [join(GOLDEN, "camera"), process.env.FER_EDGE_GOLDEN].filter((folder) => folder !== undefined);

for (const folder of folders) {
  describe(folder, () => {
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    test("there are cases", () => expect(names.length).toBeGreaterThan(0));
    test.each(names)("%s", async (name) => {
      expect(await goldenFault(parseGolden(readFileSync(join(folder, name))))).toBeNull();
    });
  });
}
