/** From frames to faces with emotions: pictures one by one, camera frames with memory. */

import { type Box as CoreBox, FaceTracker, type FerModel, type Frame, ProbabilitySmoother, type Track } from "@fer-edge/core";

import type { Box, Face, Timings } from "../protocol.ts";
import { byPlace, type FaceFinder } from "./face-finder.ts";

export interface Recognized {
  readonly faces: Face[];
  readonly timings: Omit<Timings, "read">;
}

/** The model's answer for one box, and what it took. */
interface Predicted {
  readonly probabilities: Float32Array;
  readonly path: number;
  readonly network: number;
}

/** All faces of a picture, numbered by place. */
export async function recognizePicture(frame: Frame, finder: FaceFinder, model: FerModel): Promise<Recognized> {
  const found = await finder.find(frame);
  const faces: Face[] = [];
  let path = 0;
  let network = 0;
  for (const box of found.boxes) {
    const predicted = await predict(model, frame, box);
    faces.push({ number: faces.length + 1, box, probabilities: [...predicted.probabilities] });
    path += predicted.path;
    network += predicted.network;
  }
  return { faces, timings: { detector: found.milliseconds, path, network } };
}

/** Where a face was seen last, and when. */
interface Seen extends Track {
  readonly seconds: number;
}

/** A face that the cascade misses (it blinks, it turns) stays for so long where it was. */
const PATIENCE_SECONDS = 0.5;

/** A face keeps its number for so long while nobody sees it: on a slow phone the cascade takes a second. */
const FORGET_SECONDS = 3;

/** Before a camera, of the picture's shorter side: who sits farther away is not looked for, which makes the cascade fast. */
const SMALLEST_SHARE = 1 / 8;

/** Frames of a camera: the detector works beside, a face keeps its number, its probabilities are smoothed over time. */
export class LiveRecognition {
  private readonly tracker = new FaceTracker({ forgetSeconds: FORGET_SECONDS });
  private readonly smoothers = new Map<number, ProbabilitySmoother>();
  private tracks: Seen[] = [];
  private detected: number | null = null;
  private failure: unknown = null;

  private readonly finder: FaceFinder;
  private readonly model: FerModel;

  constructor(finder: FaceFinder, model: FerModel) {
    this.finder = finder;
    this.model = model;
  }

  /**
   * The faces of one frame, where the detector saw them last.
   *
   * @param seconds of the frame, on a clock that runs forward.
   */
  async recognize(frame: Frame, seconds: number): Promise<Recognized> {
    if (this.failure) throw this.failure;
    if (!this.finder.busy) this.detect(frame, seconds);
    const detector = this.detected;
    this.detected = null;
    const faces: Face[] = [];
    let path = 0;
    let network = 0;
    for (const { id, box } of this.tracks) {
      const predicted = await predict(this.model, frame, box);
      faces.push({ number: id, box: [...box], probabilities: [...this.smooth(id, predicted.probabilities, seconds)] });
      path += predicted.path;
      network += predicted.network;
    }
    faces.sort((one, other) => byPlace(one.box, other.box));
    return { faces, timings: { detector, path, network } };
  }

  /** Starts the detector on a frame; its answer counts from the next frame on. */
  private detect(frame: Frame, seconds: number): void {
    const smallest = SMALLEST_SHARE * Math.min(frame.uprightWidth, frame.uprightHeight);
    this.finder.find(frame, smallest).then(
      ({ boxes, milliseconds }) => {
        this.tracks = this.follow(this.tracker.update(boxes, seconds * 1e9), seconds);
        this.detected = milliseconds;
        const followed = new Set(this.tracker.ids);
        for (const id of this.smoothers.keys()) if (!followed.has(id)) this.smoothers.delete(id);
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  private follow(found: readonly Track[], seconds: number): Seen[] {
    const ids = new Set(found.map((track) => track.id));
    const missed = this.tracks.filter((track) => !ids.has(track.id) && seconds - track.seconds <= PATIENCE_SECONDS);
    return [...found.map((track) => ({ ...track, seconds })), ...missed];
  }

  private smooth(id: number, probabilities: Float32Array, seconds: number): Float32Array {
    let smoother = this.smoothers.get(id);
    if (!smoother) {
      smoother = new ProbabilitySmoother(probabilities.length);
      this.smoothers.set(id, smoother);
    }
    return smoother.update(probabilities, seconds * 1e9);
  }
}

async function predict(model: FerModel, frame: Frame, box: Box): Promise<Predicted> {
  const start = performance.now();
  const tensor = model.prepare(frame, model.contract.camera.mirror ? mirrored(box, frame.uprightWidth) : box);
  const prepared = performance.now();
  const probabilities = await model.run(tensor);
  return { probabilities, path: prepared - start, network: performance.now() - prepared };
}

/** The box in the mirrored picture, which is where a contract with `mirror` wants it. */
function mirrored([x0, y0, x1, y1]: Box, width: number): CoreBox {
  return [width - x1, y0, width - x0, y1];
}
