"use strict";

const found = (id) => document.getElementById(id);

/** The token as a header; an empty field is none. */
function authorization() {
  const token = found("token").value;
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Fetches, and tells status, seconds and text whatever happened. */
async function ask(address, options = {}) {
  const began = performance.now();
  try {
    const answer = await fetch(address, { ...options, headers: authorization(), cache: "no-store" });
    const text = await answer.text();
    return { ok: answer.ok, text, told: `${answer.status} ${answer.statusText}, ${Math.round(performance.now() - began)} ms` };
  } catch (error) {
    return { ok: false, text: "", told: `no answer: ${error.message}` };
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Draws the boxes on the picture; the browser turns it upright as the server does. */
async function draw(file, image) {
  const canvas = found("picture");
  canvas.hidden = true;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return; // a kind of picture that the server reads and this browser does not
  }
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  const line = Math.max(2, Math.min(bitmap.width, bitmap.height) / 200);
  pen.lineWidth = line;
  pen.font = `${8 * line}px system-ui, sans-serif`;
  pen.textBaseline = "top";
  for (const face of image.faces) {
    const [x0, y0, x1, y1] = face.bbox.map(Number);
    const named = Object.entries(face).filter(([, value]) => typeof value === "number" && value <= 1).filter(([name]) => name !== "face_id");
    const best = named.sort((one, other) => other[1] - one[1])[0];
    const words = best ? `${face.face_id}: ${best[0]} ${(100 * best[1]).toFixed(0)} %` : `${face.face_id}`;
    pen.strokeStyle = "#ffd60a";
    pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    pen.fillStyle = "#ffd60a";
    pen.fillRect(x0, y1, pen.measureText(words).width + 4 * line, 10 * line);
    pen.fillStyle = "#141414";
    pen.fillText(words, x0 + 2 * line, y1 + line);
  }
  canvas.hidden = false;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

found("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = found("file").files[0];
  const asked = new URLSearchParams({ threshold: found("threshold").value });
  if (found("probabilities").checked) asked.set("probabilities", "true");
  const form = new FormData();
  form.append("file", file);
  found("answer").hidden = false;
  found("status").textContent = "sending …";
  const answer = await ask(`/v1/predict?${asked}`, { method: "POST", body: form });
  found("status").textContent = answer.told;
  found("document").textContent = pretty(answer.text);
  const token = found("token").value ? ' -H "Authorization: Bearer $TOKEN"' : "";
  found("command").textContent = `curl${token} -F ${quoted(`file=@${file.name}`)} ${quoted(`${location.origin}/v1/predict?${asked}`)}`;
  found("picture").hidden = true;
  if (answer.ok) await draw(file, JSON.parse(answer.text).images[0]);
});

/** A form for each path that can be read, as the OpenAPI document lists them. */
function addOperation(path, operation) {
  const form = document.createElement("form");
  const title = document.createElement("h3");
  title.textContent = `GET ${path}: ${operation.summary}`;
  form.append(title);
  for (const parameter of operation.parameters ?? []) {
    const line = document.createElement("p");
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.name = parameter.name;
    input.placeholder = parameter.schema.default ?? "";
    label.append(`${parameter.name} `, input);
    line.append(label);
    form.append(line);
  }
  const button = document.createElement("button");
  button.textContent = "Get";
  const shown = document.createElement("pre");
  shown.tabIndex = 0;
  shown.hidden = true;
  form.append(button, shown);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    const answer = await ask(asked.size ? `${path}?${asked}` : path);
    shown.textContent = `${answer.told}\n\n${pretty(answer.text)}`;
    shown.hidden = false;
  });
  found("operations").append(form);
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((document) => {
    for (const [path, operations] of Object.entries(document.paths)) {
      if (operations.get) addOperation(path, operations.get);
    }
  });
