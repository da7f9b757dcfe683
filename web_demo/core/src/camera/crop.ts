import { FrameError } from "../errors.js";

/** A face before the margin: x0, y0, x1, y1 in pixels of the upright (and, where the contract says so, mirrored) picture. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** Pixels of a face box's width and height: less is no face but another unit or order of the numbers. */
export const LEAST_FACE = 4;

/** The bound keeps the margin's arithmetic finite; no picture is that large. */
const LARGEST_COORDINATE = 1e15;

/** Step 5 of the camera specification: an integer box in the upright picture. Filled again for each frame. */
export class Crop {
  left = 0;
  top = 0;
  width = 0;
  height = 0;

  /**
   * A box grown by a margin in float64, rounded outwards, clipped to the picture.
   *
   * @param box of the face; null: the whole picture, without margin.
   * @param margin by which the box grows on each side, in its widths and heights.
   * @param width of the upright picture.
   * @param height of the upright picture.
   * @throws FrameError not a box, or nothing of it lies inside the picture.
   */
  set(box: Box | null, margin: number, width: number, height: number): void {
    if (box === null) {
      this.place(0, 0, width, height);
      return;
    }
    checkBox(box, margin);
    const [x0, y0, x1, y1] = box;
    const growX = margin * (x1 - x0);
    const growY = margin * (y1 - y0);
    // Compared before they are rounded: a huge margin makes them infinite.
    const left = Math.floor(Math.max(x0 - growX, 0));
    const top = Math.floor(Math.max(y0 - growY, 0));
    const right = Math.ceil(Math.min(x1 + growX, width));
    const bottom = Math.ceil(Math.min(y1 + growY, height));
    if (left >= right || top >= bottom) {
      throw new FrameError(
        `${said(box)} is empty inside the upright image of ${width}x${height}; give x0, y0, x1, y1 in its pixels`,
        "box",
      );
    }
    this.place(left, top, right, bottom);
  }

  private place(left: number, top: number, right: number, bottom: number): void {
    this.left = left;
    this.top = top;
    this.width = right - left;
    this.height = bottom - top;
  }
}

/**
 * Refuses what the camera path could cut out, but what can be no face.
 *
 * @throws FrameError a box in units of the picture's size, or one under {@link LEAST_FACE} pixels.
 */
export function refuseOddBox(box: Box): void {
  checkBox(box, 0);
  const [x0, y0, x1, y1] = box;
  if (x0 >= 0 && x1 <= 1 && y0 >= 0 && y1 <= 1) {
    throw new FrameError(
      `${said(box)} is in units of the picture's size; multiply x by its width and y by its height, or give no box for ` +
        "the whole picture",
      "box",
    );
  }
  if (x1 - x0 < LEAST_FACE || y1 - y0 < LEAST_FACE) {
    throw new FrameError(
      `${said(box)} is ${x1 - x0}x${y1 - y0} pixels; allowed: at least ${LEAST_FACE}x${LEAST_FACE}, as x0, y0, x1, y1 ` +
        "(not x, y, width, height) in pixels of the upright image",
      "box",
    );
  }
}

function checkBox(box: Box, margin: number): void {
  if (!(margin >= 0 && margin < Infinity)) {
    throw new FrameError(`margin of the box is ${margin}; allowed: a finite number, 0 or more`, "box");
  }
  if (box.length !== 4 || box.some((value) => typeof value !== "number")) {
    throw new FrameError(`box is ${JSON.stringify(box).slice(0, 80)}; allowed: four numbers x0, y0, x1, y1`, "box");
  }
  if (!box.every((value) => Math.abs(value) <= LARGEST_COORDINATE)) {
    throw new FrameError(`${said(box)} has a value that is not finite; allowed: finite numbers`, "box");
  }
  if (box[2] < box[0] || box[3] < box[1]) {
    throw new FrameError(`${said(box)} runs backwards; allowed: x0 <= x1 and y0 <= y1`, "box");
  }
}

function said(box: Box): string {
  return `box (${box.join(", ")})`;
}
