/** The camera: opened, read frame by frame, given back. */

/** Why there is no camera; the message is a sentence for people. */
export class CameraError extends Error {
  override name = "CameraError";
}

interface Events {
  /** A frame for the worker, and its time in seconds; the next one comes when the promise is done. */
  frame(picture: VideoFrame | ImageBitmap, seconds: number): Promise<void>;
  /** The camera went away by itself. */
  lost(sentence: string): void;
}

export interface Camera {
  readonly id: string;
  readonly name: string;
}

export class Webcam {
  private stream: MediaStream | null = null;
  /** Counts openings, so that a loop of an earlier one ends. */
  private opening = 0;

  private readonly video: HTMLVideoElement;
  private readonly events: Events;

  constructor(video: HTMLVideoElement, events: Events) {
    this.video = video;
    this.events = events;
  }

  get isOpen(): boolean {
    return this.stream !== null;
  }

  /** Which camera is open. */
  get id(): string {
    return this.track?.getSettings().deviceId ?? "";
  }

  /** True unless it looks away from the person before the screen. */
  get looksBack(): boolean {
    return this.track?.getSettings().facingMode !== "environment";
  }

  private get track(): MediaStreamTrack | undefined {
    return this.stream?.getVideoTracks()[0];
  }

  /**
   * Opens a camera and begins to give frames.
   *
   * @param id which one; null: the one that the browser prefers.
   * @throws CameraError with the reason.
   */
  async open(id: string | null): Promise<void> {
    this.close();
    const opening = ++this.opening;
    const stream = await ask(id);
    if (opening !== this.opening) return stop(stream); // closed while the browser was asking
    this.stream = stream;
    this.track?.addEventListener("ended", () => {
      if (this.stream !== stream) return;
      this.close();
      this.events.lost("The camera was taken away: it was unplugged, or another program or the system stopped it.");
    });
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch {
      if (opening === this.opening) this.close();
      throw new CameraError("The camera gives no picture. Another program may be using it: close that, then try again.");
    }
    if (opening === this.opening) this.next(opening);
  }

  close(): void {
    this.opening++;
    if (this.stream) stop(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The cameras that there are; their names are known once one was allowed. */
  async list(): Promise<Camera[]> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices
      .filter(({ kind, deviceId }) => kind === "videoinput" && deviceId)
      .map(({ deviceId, label }, index) => ({ id: deviceId, name: label || `Camera ${index + 1}` }));
  }

  private next(opening: number): void {
    const wait: (then: () => void) => void =
      "requestVideoFrameCallback" in this.video
        ? (then) => this.video.requestVideoFrameCallback(then)
        : (then) => requestAnimationFrame(then);
    wait(() => {
      if (opening !== this.opening) return;
      this.grab().then(
        () => opening === this.opening && this.next(opening),
        () => opening === this.opening && this.next(opening),
      );
    });
  }

  private async grab(): Promise<void> {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const picture = "VideoFrame" in window ? new VideoFrame(this.video) : await createImageBitmap(this.video);
    await this.events.frame(picture, performance.now() / 1000);
  }
}

async function ask(id: string | null): Promise<MediaStream> {
  if (!navigator.mediaDevices) {
    throw new CameraError(
      "Browsers open cameras only for pages that came over https or from this computer (localhost). Photos work here.",
    );
  }
  const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  const which = id ? { deviceId: { exact: id } } : { facingMode: "user" };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...which } });
  } catch (error) {
    throw new CameraError(reasonOf(error));
  }
}

const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera is not allowed for this page. Allow it beside the address, then open it again.",
  SecurityError: "The camera is not allowed for this page. Allow it beside the address, then open it again.",
  NotFoundError: "There is no camera. Connect one, then open it again. Photos work without.",
  NotReadableError: "The camera cannot be read: another program is using it. Close that, then open it again.",
  AbortError: "The camera did not start. Open it again, or connect it anew.",
  OverconstrainedError: "This camera is not there any more. Choose another one.",
};

function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return REASONS[name] ?? `The camera cannot be opened: ${error instanceof Error ? error.message : String(error)}.`;
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
