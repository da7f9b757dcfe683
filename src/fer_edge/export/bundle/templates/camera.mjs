// The camera path of the contract (camera spec 1), bit for bit: crop with margin, scale, gray, normalization, layout.
const F = Math.fround;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function axis(source, target, chunked) {
  const inverse = F(1 / F(target / source));
  return Array.from({ length: target }, (_, at) => {
    const start = chunked ? at - (at % 127) : at;
    const grid = Math.floor((F((start + 0.5) * inverse) * 2 ** 32 - 2 ** 31 + (at - start) * inverse * 2 ** 32) / 65536);
    const low = Math.floor(grid / 65536);
    return [clamp(low, 0, source - 1), clamp(low + 1, 0, source - 1), Math.floor(grid / 4096) & 15];
  });
}

function crop(box, margin, width, height) {
  if (!box) return [0, 0, width, height];
  const [x0, y0, x1, y1] = box, dx = margin * (x1 - x0), dy = margin * (y1 - y0);
  const found = [Math.max(Math.floor(x0 - dx), 0), Math.max(Math.floor(y0 - dy), 0), Math.min(Math.ceil(x1 + dx), width), Math.min(Math.ceil(y1 + dy), height)];
  if (!(found[0] < found[2] && found[1] < found[3])) throw new RangeError("the box is empty inside the picture");
  return found;
}

/** What the model gets. rgba: context.getImageData(0, 0, width, height).data, upright; box: [x0, y0, x1, y1] or null. */
export function prepare(contract, rgba, width, height, box = null) {
  const { width: w, height: h, channels, layout } = contract.input, { crop_margin: margin, mirror } = contract.camera;
  const [left, top, right, bottom] = crop(box, margin, width, height), norm = contract.normalization;
  const columns = axis(right - left, w, true), rows = axis(bottom - top, h, false), tensor = new Float32Array(w * h * channels);
  const tables = Array.from({ length: channels }, (_, c) => Float32Array.from({ length: 256 }, (_, v) =>
    norm ? F(F(F(v / 255) - F(norm.mean[c])) / F(norm.std[c])) : v));
  const at = (x, y, c) => rgba[4 * ((top + y) * width + (mirror ? width - 1 - left - x : left + x)) + c];
  rows.forEach(([y0, y1, wy], y) => columns.forEach(([x0, x1, wx], x) => {
    const rgb = [0, 1, 2].map((c) => ((at(x0, y0, c) * (16 - wx) + at(x1, y0, c) * wx) * (16 - wy)
      + (at(x0, y1, c) * (16 - wx) + at(x1, y1, c) * wx) * wy) >> 8);
    const values = channels === 3 ? rgb : [(19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16];
    values.forEach((v, c) => { tensor[layout === "NCHW" ? (c * h + y) * w + x : (y * w + x) * channels + c] = tables[c][v]; });
  }));
  return tensor;
}
