/** Where the picture or the camera is seen, with a box around each face. */

import type { Box, Face, PictureAnswer } from "../protocol.ts";
import { colorOf } from "./colors.ts";
import { byId, make, setText } from "./elements.ts";
import { countFaces } from "./format.ts";

export class Stage {
  readonly root = byId("stage", HTMLElement);
  readonly video = byId("video", HTMLVideoElement);
  private readonly canvas = byId("picture", HTMLCanvasElement);
  private readonly empty = byId("empty", HTMLElement);
  private readonly view = byId("view", HTMLElement);
  private readonly boxes = byId("boxes", HTMLElement);
  private readonly busy = byId("busy", HTMLElement);
  private readonly busyText = byId("busy-text", HTMLElement);
  private ratio = 0;

  /** Says what takes time; null: nothing does. */
  showBusy(text: string | null): void {
    setText(this.busyText, text ?? "");
    this.busy.hidden = text === null;
  }

  showPicture({ bitmap, width, height, faces }: PictureAnswer): void {
    this.fill("picture", width, height);
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
    this.canvas.setAttribute("aria-label", `Your picture, ${width} by ${height} pixels, with ${countFaces(faces.length)}`);
  }

  /** @param mirrored as people know themselves. */
  showVideo(mirrored: boolean): void {
    const { videoWidth, videoHeight } = this.video;
    this.fill("video", videoWidth || 4, videoHeight || 3);
    this.view.classList.toggle("mirrored", mirrored);
  }

  showNothing(): void {
    this.view.hidden = true;
    this.empty.hidden = false;
    this.root.classList.remove("filled");
    this.boxes.replaceChildren();
  }

  /** @param name what stands at each box. */
  showBoxes(faces: readonly Face[], width: number, height: number, name: (face: Face) => string): void {
    this.keepRatio(width, height);
    while (this.boxes.children.length > faces.length) this.boxes.lastElementChild?.remove();
    faces.forEach((face, index) => {
      const box = (this.boxes.children[index] as HTMLElement | undefined) ?? this.addBox();
      box.style.setProperty("--face", colorOf(face.number));
      this.place(box, face.box, width, height);
      if (box.firstElementChild) setText(box.firstElementChild, name(face));
    });
  }

  private addBox(): HTMLElement {
    const box = make("div", "", "box");
    box.append(make("span"));
    this.boxes.append(box);
    return box;
  }

  private place(box: HTMLElement, [x0, y0, x1, y1]: Box, width: number, height: number): void {
    box.dataset["box"] = [x0, y0, x1, y1].join(" ");
    const left = this.view.classList.contains("mirrored") ? width - x1 : x0;
    const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
    box.style.left = share(left, width);
    box.style.top = share(y0, height);
    box.style.width = share(x1 - x0, width);
    box.style.height = share(y1 - y0, height);
    box.classList.toggle("inside", y0 < 0.09 * height);
    box.classList.toggle("left", left > 0.55 * width);
  }

  private fill(what: "picture" | "video", width: number, height: number): void {
    this.empty.hidden = true;
    this.view.hidden = false;
    this.root.classList.add("filled");
    this.canvas.hidden = what !== "picture";
    this.video.hidden = what !== "video";
    this.view.classList.remove("mirrored");
    this.boxes.replaceChildren();
    this.keepRatio(width, height);
  }

  private keepRatio(width: number, height: number): void {
    if (this.ratio === width / height) return;
    this.ratio = width / height;
    this.view.style.setProperty("--ratio", String(this.ratio));
  }
}
