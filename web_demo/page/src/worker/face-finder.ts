import { type Frame, grayOf, scaled } from "@fer-edge/core";

import type { Box, DetectorQuestion, DetectorReply } from "../protocol.ts";

/** Faces are sought on a copy whose longer side has at most so many pixels. */
const LONGEST_SIDE = 1000;
/** In pixels of that copy: fer-predict's. */
const SMALLEST_FACE = 30;

export interface Found {
  /** In whole pixels of the upright frame, ordered by x0, then y0. */
  readonly boxes: readonly Box[];
  /** That the detector took. */
  readonly milliseconds: number;
}

/** Asks the detector's worker for faces. */
export class FaceFinder {
  private waiting = new Map<number, (reply: DetectorReply) => void>();
  private last = 0;

  private readonly port: MessagePort;

  constructor(port: MessagePort) {
    this.port = port;
    port.onmessage = ({ data }: MessageEvent<DetectorReply>) => {
      this.waiting.get(data.id)?.(data);
      this.waiting.delete(data.id);
    };
  }

  get busy(): boolean {
    return this.waiting.size > 0;
  }

  /**
   * The frame's faces; its bytes have been read when this returns its promise.
   *
   * @param least side of a face in pixels of the frame; none is smaller than 30 pixels of the copy.
   */
  async find(frame: Frame, least = 0): Promise<Found> {
    const { uprightWidth: width, uprightHeight: height } = frame;
    const size = reduced(width, height);
    const smallest = Math.max(SMALLEST_FACE, Math.round((least * size[0]) / width));
    const reply = await this.ask(grayOf(scaled(frame, ...size)), size, smallest);
    if ("sentence" in reply) throw new Error(reply.sentence);
    const across = width / size[0];
    const down = height / size[1];
    const boxes = reply.boxes.map((box) => enlarge(box, across, down)).sort(byPlace);
    return { boxes, milliseconds: reply.milliseconds };
  }

  private ask(gray: Uint8Array, [width, height]: [number, number], smallest: number): Promise<DetectorReply> {
    const question: DetectorQuestion = { id: ++this.last, gray, width, height, smallest };
    return new Promise((resolve) => {
      this.waiting.set(question.id, resolve);
      this.port.postMessage(question, [gray.buffer]);
    });
  }
}

/** By x0, then y0: the order in which faces are numbered. */
export function byPlace(one: Box, other: Box): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2] || one[3] - other[3];
}

function reduced(width: number, height: number): [number, number] {
  const longest = Math.max(width, height);
  if (longest <= LONGEST_SIDE) return [width, height];
  const side = (length: number) => Math.max(1, roundHalfEven((length * LONGEST_SIDE) / longest));
  return [side(width), side(height)];
}

function enlarge([x0, y0, x1, y1]: Box, across: number, down: number): Box {
  return [roundHalfEven(x0 * across), roundHalfEven(y0 * down), roundHalfEven(x1 * across), roundHalfEven(y1 * down)];
}

/** As Python rounds: of two equally near integers the even one. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
