// What Node and browsers do alike: the time of the camera path. `core` is the compiled package.

/** Milliseconds of the camera path on a frame of 640 x 480, for each kind of frame, size and cut: the median of many calls. */
export function timeCameraPath({ CameraPath, Frame }, repeats = 300) {
  const found = {};
  for (const [kind, frame] of Object.entries(frames(Frame))) {
    for (const side of [64, 224]) {
      for (const [cut, box] of [
        ["whole", null],
        ["face", [220.5, 110.25, 420, 310]],
      ]) {
        const path = new CameraPath(target(side), 0.1, false);
        found[`${kind} ${cut} to ${side}`] = median(repeats, () => path.prepare(frame, box));
      }
    }
  }
  return found;
}

function target(side) {
  const channels = side === 64 ? 1 : 3;
  const normalization = { mean: Array(channels).fill(0.5), std: Array(channels).fill(0.25) };
  return { width: side, height: side, channels, layout: "NHWC", dtype: "float32", normalization, quantization: null };
}

function frames(Frame) {
  const noise = new Uint8Array(640 * 480 * 4);
  for (let at = 0, state = 1; at < noise.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[at] = state >>> 24;
  }
  const y = noise.subarray(0, 640 * 480);
  const chroma = noise.subarray(640 * 480);
  const size = { width: 640, height: 480 };
  const planar = { ...size, yRowStride: 640, uvRowStride: 320, uvPixelStride: 1 };
  const woven = { ...size, yRowStride: 640, uvRowStride: 640, uvPixelStride: 2, rotation: 90 };
  return {
    rgba: Frame.fromRgba(noise, size),
    i420: Frame.fromYuv420(y, chroma, chroma.subarray(320 * 240), planar),
    "nv12 rotated": Frame.fromYuv420(y, chroma, chroma.subarray(1), woven),
  };
}

/** Of the time of one call, in ms; browsers round their clocks, so several calls are one measurement. */
function median(repeats, call) {
  const together = 5;
  for (let warm = 0; warm < 30; warm++) call();
  const samples = Array.from({ length: repeats / together }, () => {
    const start = performance.now();
    for (let index = 0; index < together; index++) call();
    return (performance.now() - start) / together;
  });
  return samples.sort((one, other) => one - other)[samples.length >> 1];
}
