import type { Box } from "../camera/crop.js";

const NANOS_IN_A_SECOND = 1e9;

/** A face that was followed from picture to picture. */
export interface Track {
  /** Counts from 1 and is never given again. */
  readonly id: number;
  /** Where it was seen last. */
  readonly box: Box;
}

/** How faces are followed. */
export interface TrackerOptions {
  /** Least overlap (intersection over union) of a face's boxes in two pictures; 0.3 if not given. */
  leastOverlap?: number;
  /** A face that was not seen for so long is forgotten; 1 if not given. */
  forgetSeconds?: number;
}

/** Says which faces of two pictures are the same: pairs of boxes are joined by overlap, the best first, as in Python. */
export class FaceTracker {
  private readonly leastOverlap: number;
  private readonly forgetNanos: number;
  private tracks: { id: number; box: Box; seen: number }[] = [];
  private count = 0;

  constructor(options: TrackerOptions = {}) {
    const { leastOverlap = 0.3, forgetSeconds = 1 } = options;
    this.leastOverlap = leastOverlap;
    this.forgetNanos = forgetSeconds * NANOS_IN_A_SECOND;
  }

  /**
   * Takes the boxes of one picture.
   *
   * @param boxes that a detector found.
   * @param timeNanos of the picture, on any clock that runs forward.
   * @returns one track a box, in the order of the boxes.
   */
  update(boxes: readonly Box[], timeNanos: number): Track[] {
    this.tracks = this.tracks.filter(({ seen }) => timeNanos >= seen && timeNanos - seen <= this.forgetNanos);
    const found = this.pair(boxes);
    return boxes.map((box, index) => {
      let track = found.get(index);
      if (track === undefined) {
        track = { id: ++this.count, box, seen: timeNanos };
        this.tracks.push(track);
      }
      track.box = box;
      track.seen = timeNanos;
      return { id: track.id, box };
    });
  }

  /** Identities that are still followed, seen in the last picture or not. */
  get ids(): number[] {
    return this.tracks.map((track) => track.id);
  }

  /** Forgets all faces; identities go on counting. */
  reset(): void {
    this.tracks = [];
  }

  private pair(boxes: readonly Box[]): Map<number, (typeof this.tracks)[number]> {
    const pairs = boxes.flatMap((box, index) =>
      this.tracks.map((track) => ({ index, track, overlap: overlapOf(box, track.box) })),
    );
    pairs.sort((one, other) => other.overlap - one.overlap || one.track.id - other.track.id);
    const found = new Map<number, (typeof this.tracks)[number]>();
    const taken = new Set<number>();
    for (const { index, track, overlap } of pairs) {
      if (overlap < this.leastOverlap || found.has(index) || taken.has(track.id)) continue;
      found.set(index, track);
      taken.add(track.id);
    }
    return found;
  }
}

/** Intersection over union of two boxes, 0 to 1. */
export function overlapOf(one: Box, other: Box): number {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (area(one) + area(other) - shared);
}

function area(box: Box): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}
