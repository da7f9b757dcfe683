import { fileURLToPath } from "node:url";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Vectors that all languages read. */
export const GOLDEN = `${ROOT}tests/golden`;
