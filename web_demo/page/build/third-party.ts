/**
 * What others wrote and the page needs beside its own code, as files of the built folder, with their licenses:
 * engines and detector from the npm packages of the lock file, the cascade from Python's OpenCV.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

import { takeApart } from "./opencv.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const CASCADE = "haarcascade_frontalface_default.xml";

/** Where a package's file lies; its main file is asked for, since not every package lets its package.json be. */
function folderOf(name: string): string {
  const main = require.resolve.paths(name)?.map((place) => join(place, name)).find((place) => exists(join(place, "package.json")));
  if (!main) throw new Error(`${name} is not installed; run npm ci in web_demo`);
  return main;
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function versionOf(name: string): string {
  const read = JSON.parse(readFileSync(join(folderOf(name), "package.json"), "utf8")) as { version: string };
  return read.version;
}

export const VERSIONS = {
  litert: versionOf("@litertjs/core"),
  onnxruntime: versionOf("onnxruntime-web"),
  opencv: versionOf("@techstark/opencv-js").split("-")[0] ?? "",
};

/** Emits the files below third-party/, each library in a folder that names its version, so that caches never mix two. */
export function thirdParty(): Plugin {
  return {
    name: "third-party",
    apply: "build",
    generateBundle() {
      for (const [path, source] of files()) this.emitFile({ type: "asset", fileName: `third-party/${path}`, source });
    },
  };
}

function* files(): Generator<[string, string | Uint8Array]> {
  const litert = join(folderOf("@litertjs/core"), "wasm");
  // "compat" is for browsers without relaxed SIMD; each loads one of the two.
  for (const name of ["litert_wasm_internal", "litert_wasm_compat_internal"].flatMap((name) => [`${name}.js`, `${name}.wasm`])) {
    yield [`litert-${VERSIONS.litert}/${name}`, readFileSync(join(litert, name))];
  }
  const onnxruntime = join(folderOf("onnxruntime-web"), "dist");
  for (const name of ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
    yield [`onnxruntime-${VERSIONS.onnxruntime}/${name}`, readFileSync(join(onnxruntime, name))];
  }
  const opencv = folderOf("@techstark/opencv-js");
  const { script, binary } = takeApart(readFileSync(join(opencv, "dist", "opencv.js"), "utf8"));
  yield [`opencv-${VERSIONS.opencv}/opencv.js`, script];
  yield [`opencv-${VERSIONS.opencv}/opencv.wasm`, binary];
  yield [`opencv-${VERSIONS.opencv}/${CASCADE}`, readFileSync(cascade())];
  yield ["licenses/apache-2.0.txt", readFileSync(join(opencv, "LICENSE"))];
  for (const name of ["README.txt", "onnxruntime-mit.txt"]) {
    yield [`licenses/${name}`, readFileSync(join(HERE, "licenses", name))];
  }
}

/** The very cascade that fer-predict uses: that of Python's OpenCV. FER_EDGE_PYTHON names the interpreter. */
function cascade(): string {
  const python = process.env["FER_EDGE_PYTHON"] ?? "python3";
  const ask = "import cv2.data; print(cv2.data.haarcascades)";
  try {
    return join(execFileSync(python, ["-c", ask], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim(), CASCADE);
  } catch {
    throw new Error(`${python} has no OpenCV, whose ${CASCADE} the page needs: pip install 'opencv-python<5', or name another
interpreter in FER_EDGE_PYTHON`);
  }
}
