// node node.mjs '{"repeats": 300}' prints the times of the camera path in Node, as browser.mjs does for the browser.
import * as core from "../dist/index.js";
import { timeCameraPath } from "./camera.mjs";

const { repeats } = JSON.parse(process.argv[2]);
console.log(JSON.stringify({ version: process.version, milliseconds: timeCameraPath(core, repeats) }));
