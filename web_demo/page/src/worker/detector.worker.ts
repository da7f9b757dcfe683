/** The worker that finds faces: OpenCV's frontal Haar cascade, with the parameters of fer-predict. */

import type { Box, DetectorQuestion, DetectorReply } from "../protocol.ts";

const CASCADE = "haarcascade_frontalface_default.xml";
const SCALE_FACTOR = 1.1;
const MIN_NEIGHBORS = 5;

/** The little of OpenCV.js that is used here; the package's own types describe another release. */
interface Cv {
  CV_8UC1: number;
  Mat: new (rows: number, columns: number, type: number) => Mat;
  RectVector: new () => { size(): number; get(index: number): Rect; delete(): void };
  Size: new (width: number, height: number) => object;
  CascadeClassifier: new () => Cascade;
  FS_createDataFile(folder: string, name: string, data: Uint8Array, read: boolean, write: boolean, own: boolean): void;
}
interface Mat {
  data: Uint8Array;
  delete(): void;
}
interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Cascade {
  load(name: string): boolean;
  detectMultiScale(gray: Mat, found: object, scale: number, neighbors: number, flags: number, least: object): void;
}
interface Detector {
  cv: Cv;
  cascade: Cascade;
}

const scope = self as unknown as {
  importScripts(address: string): void;
  openCvSettings: { locateFile(name: string): string; onRuntimeInitialized(): void; onAbort(reason: unknown): void };
  cv: Cv;
  onmessage: ((event: MessageEvent<{ port: MessagePort; folder: string }>) => void) | null;
};

scope.onmessage = ({ data: { port, folder } }) => {
  const detector = load(folder);
  detector.catch(() => undefined); // told to whoever asks
  port.onmessage = async ({ data }: MessageEvent<DetectorQuestion>) => {
    port.postMessage(await answer(detector, data));
  };
};

async function load(folder: string): Promise<Detector> {
  const [cv, cascade] = await Promise.all([loadOpenCv(folder), download(folder + CASCADE)]);
  cv.FS_createDataFile("/", CASCADE, cascade, true, false, false);
  const classifier = new cv.CascadeClassifier();
  if (!classifier.load(CASCADE)) throw new Error(`OpenCV cannot read ${CASCADE}; build the page again`);
  return { cv, cascade: classifier };
}

/** Its object has a `then` that never ends, so that it must not be what a promise gives: a callback says when it is ready. */
function loadOpenCv(folder: string): Promise<Cv> {
  return new Promise<void>((ready, refuse) => {
    scope.openCvSettings = {
      locateFile: (name) => folder + name,
      onRuntimeInitialized: ready,
      onAbort: (reason) => refuse(new Error(String(reason))),
    };
    scope.importScripts(`${folder}opencv.js`);
  }).then(() => {
    delete (scope.cv as Partial<{ then: unknown }>).then;
    return scope.cv;
  });
}

async function download(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the server answers ${response.status} for ${CASCADE}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function answer(detector: Promise<Detector>, question: DetectorQuestion): Promise<DetectorReply> {
  try {
    const loaded = await detector;
    const start = performance.now();
    const boxes = detect(loaded, question);
    return { id: question.id, boxes, milliseconds: performance.now() - start };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { id: question.id, sentence: `The face detector does not work: ${reason}.` };
  }
}

function detect({ cv, cascade }: Detector, { gray, width, height, smallest }: DetectorQuestion): Box[] {
  if (Math.min(width, height) < smallest) return [];
  const picture = new cv.Mat(height, width, cv.CV_8UC1);
  const found = new cv.RectVector();
  try {
    picture.data.set(gray);
    cascade.detectMultiScale(picture, found, SCALE_FACTOR, MIN_NEIGHBORS, 0, new cv.Size(smallest, smallest));
    return Array.from({ length: found.size() }, (_, index) => {
      const { x, y, width: across, height: down } = found.get(index);
      return [x, y, x + across, y + down] as const;
    });
  } finally {
    found.delete();
    picture.delete();
  }
}
