// node browser.mjs '{"chromium": ..., "bundle": ..., "golden": ..., "vectors": [...], "repeats": 0}'
// Runs the checks of in_browser.mjs in a real browser and prints one JSON document.

import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const asked = JSON.parse(process.argv[2]);
const here = fileURLToPath(new URL(".", import.meta.url));
const roots = {
  core: join(here, "../dist"),
  checks: here,
  modules: join(here, "../../node_modules"),
  bundle: asked.bundle,
  golden: asked.golden ?? asked.bundle,
};
const vectors = (asked.vectors ?? []).flatMap((folder, number) => {
  roots[`vectors${number}`] = folder;
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => `/vectors${number}/${name}`);
});
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

const server = createServer((request, response) => {
  const [, name, ...rest] = decodeURIComponent(new URL(request.url, "http://x").pathname).split("/");
  try {
    const data = readFileSync(join(roots[name], normalize(`/${rest.join("/")}`)));
    response.writeHead(200, { "content-type": TYPES[extname(request.url)] ?? "application/octet-stream" }).end(data);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: asked.chromium, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/checks/page.html`);
  const found = { browser: browser.version(), vectors: vectors.length };
  const call = (name, ...given) =>
    page.evaluate(
      async ([called, values]) => (await import("/checks/in_browser.mjs"))[called](...values),
      [name, given],
    );
  found.faults = await call("faultsOfVectors", vectors);
  if (asked.bundle) found.engines = await call("compareEngines", "/bundle/", "/golden/");
  if (asked.repeats) found.milliseconds = await call("times", asked.repeats);
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  server.close();
}
