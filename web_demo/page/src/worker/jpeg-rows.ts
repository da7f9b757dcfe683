/**
 * Rows that are missing in a JPEG which was cut off and closed again: decoders fill them with gray and say nothing.
 *
 * As fer-predict finds them: a decoder passes over what stands behind a whole picture. So if more data behind the last scan
 * makes another picture, this one is not whole. Only a picture with gray in a corner is looked at twice.
 */

const MARKER = 0xff;
const END = 0xd9;
const FIRST_RESTART = 0xd0;
const RESTARTS = 8;
/** Every bit pattern and no marker. */
const PATTERN = Uint8Array.from({ length: 254 }, (_, index) => 254 - index);

/**
 * Where the data of the scans end.
 *
 * @param start of the first scan's header.
 * @returns the place of the end marker; -1 if there is none.
 */
export function endOfScans(data: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = data.indexOf(MARKER, at);
    const marker = data[at + 1];
    if (at < 0 || marker === undefined) return -1;
    if (marker === END) return at;
    if (marker === 0 || (marker >= FIRST_RESTART && marker < FIRST_RESTART + RESTARTS)) at += 2;
    else if (marker === MARKER) at += 1;
    else at += 2 + 256 * (data[at + 2] ?? 0) + (data[at + 3] ?? 0);
  }
}

/** What a decoder makes of a block without data: the middle of every component, also of printers' four. */
const FILLED = new Set([63, 64, 127, 128]);

/** True if a corner has the gray that decoders fill in, whichever corner orientation made of the last block. */
export function hasGrayCorner(rgba: Uint8ClampedArray, width: number, height: number): boolean {
  const last = 4 * width * (height - 1);
  return [0, 4 * (width - 1), last, last + 4 * (width - 1)].some((at) =>
    [0, 1, 2].every((channel) => FILLED.has(rgba[at + channel] ?? 0)),
  );
}

/** The same file with more behind its last scan: data of no picture, then the restarts that a decoder waits for. */
export function withMore(data: Uint8Array<ArrayBuffer>, end: number): Blob {
  const scans = data.subarray(0, end);
  const last = lastRestart(scans);
  const following = Array.from({ length: RESTARTS }, (_, step) => {
    const marker = FIRST_RESTART + ((last + 1 + step) % RESTARTS);
    return [Uint8Array.of(MARKER, marker), PATTERN];
  });
  const much = Array.from({ length: 64 }, () => PATTERN);
  return new Blob([scans, ...much, ...following.flat(), Uint8Array.of(MARKER, END)], { type: "image/jpeg" });
}

function lastRestart(scans: Uint8Array): number {
  for (let at = scans.lastIndexOf(MARKER); at > 0; at = scans.lastIndexOf(MARKER, at - 1)) {
    const restart = (scans[at + 1] ?? 0) - FIRST_RESTART;
    if (restart >= 0 && restart < RESTARTS) return restart;
  }
  return RESTARTS - 1;
}
