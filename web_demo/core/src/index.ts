/** Camera frames to emotions in the browser, a worker or Node: fer-edge bundles, checked, with the phone's own pixels. */

export { type Guess, Prediction } from "./answer/prediction.js";
export { ProbabilitySmoother, type SmootherOptions } from "./answer/smoother.js";
export { FaceTracker, overlapOf, type Track, type TrackerOptions } from "./answer/tracker.js";
export { Bundle, type LoadedArtifact, loadBundle } from "./bundle/bundle.js";
export {
  type CameraSettings,
  type Contract,
  type ElementType,
  type InputSpec,
  type Normalization,
  type OutputSpec,
  parseContract,
  type QuantizationParameters,
  shapeOf,
} from "./bundle/contract.js";
export {
  type Accuracy,
  type Artifact,
  type Calibration,
  type FileEntry,
  type Manifest,
  type Parity,
  parseManifest,
  type Skipped,
  type Source,
  type Verdict,
  type WeightAudit,
} from "./bundle/manifest.js";
export { type BundleSource, fetchSource } from "./bundle/source.js";
export { type Box, LEAST_FACE, refuseOddBox } from "./camera/crop.js";
export { type Bytes, Frame, type Plane, type RgbaOptions, type Yuv420Options } from "./camera/frame.js";
export { CameraPath, grayOf, prepare, type ScaleOptions, Scaler, scaled, upright } from "./camera/path.js";
export type { TensorData, TensorSpec } from "./camera/tables.js";
export { ENGINES, type Engine, type EngineKind, type Session } from "./engines/engine.js";
export { createEngine, type EngineFiles } from "./engines/index.js";
export {
  BundleError,
  type BundleFault,
  DocumentError,
  type DocumentFault,
  EngineError,
  FerEdgeError,
  FrameError,
  type FramePart,
  ModelError,
} from "./errors.js";
export { chooseVariant, FerModel } from "./model.js";
