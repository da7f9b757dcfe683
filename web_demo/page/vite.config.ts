import { defaultClientConditions, defineConfig } from "vite";

import { thirdParty, VERSIONS } from "./build/third-party.ts";

// Every address is relative, so that the folder works below any path; workers are classic scripts, because LiteRT.js loads its
// own script with importScripts.
export default defineConfig({
  base: "./",
  plugins: [thirdParty()],
  define: { __VERSIONS__: JSON.stringify(VERSIONS) },
  // ONNX Runtime's files lie below third-party/, once.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  worker: { format: "iife" },
  build: { target: "es2022", modulePreload: false, assetsInlineLimit: 0, emptyOutDir: true, reportCompressedSize: false },
});
