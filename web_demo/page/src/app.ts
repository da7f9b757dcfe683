/** The page: what a person does, what the workers answer, what is shown. */

import type { Face, FrameAnswer, ModelFacts, PictureAnswer, Timings } from "./protocol.ts";
import { Recognizer, Refusal } from "./recognizer.ts";
import { Announcer } from "./ui/announcer.ts";
import { byId, make, showText } from "./ui/elements.ts";
import { FaceCards, guess, ranking } from "./ui/faces.ts";
import { Figures, RateMeter } from "./ui/figures.ts";
import { countFaces } from "./ui/format.ts";
import { ModelPanel } from "./ui/model-panel.ts";
import { listenForPictures } from "./ui/picture-input.ts";
import { Stage } from "./ui/stage.ts";
import { CameraError, Webcam } from "./webcam.ts";

/** Between two changes of the cards before a camera: faster is not readable. */
const CARDS_EVERY_MS = 100;
const READY = "Ready. Everything runs in this page.";

export class App {
  private readonly recognizer = new Recognizer();
  private readonly stage = new Stage();
  private readonly cards = new FaceCards(byId("faces", HTMLElement));
  private readonly figures = new Figures(byId("figures", HTMLElement));
  private readonly panel = new ModelPanel();
  private readonly announcer = new Announcer(byId("live", HTMLElement));
  private readonly problem = byId("problem", HTMLElement);
  private readonly status = byId("status", HTMLElement);
  private readonly summary = byId("summary", HTMLElement);
  private readonly steps = byId("steps", HTMLElement);
  private readonly cameraButton = byId("camera", HTMLButtonElement);
  private readonly exampleButton = byId("example", HTMLButtonElement);
  private readonly cameraChoice = byId("camera-choice", HTMLElement);
  private readonly cameras = byId("cameras", HTMLSelectElement);
  private readonly webcam = new Webcam(this.stage.video, {
    frame: (picture, seconds) => this.takeFrame(picture, seconds),
    lost: (sentence) => this.leaveCamera(sentence),
  });
  private facts: Promise<ModelFacts> | null = null;
  private labels: readonly string[] = [];
  /** The last picture, to be looked at again by another model. */
  private file: Blob | null = null;
  /** Counts what was asked for, so that an answer that comes too late is dropped. */
  private request = 0;
  private rate = new RateMeter();
  private detector: number | null = null;
  private cardsShown = 0;

  /** Opens the bundle beside the page, and listens. */
  start(): void {
    const input = { picker: byId("file", HTMLInputElement), target: this.stage.root };
    listenForPictures(input, (file, count) => void this.takeFile(file, count), (sentence) => this.complain(sentence));
    this.cameraButton.addEventListener("click", () => void this.toggleCamera());
    this.exampleButton.addEventListener("click", () => void this.takeExample());
    this.cameras.addEventListener("change", () => void this.openCamera(this.cameras.value));
    this.panel.select.addEventListener("change", () => void this.chooseVariant(this.panel.select.value));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden || !this.webcam.isOpen) return;
      this.leaveCamera("The camera was released while this page was hidden. Open it again to go on.");
    });
    void this.openBundle();
  }

  private async openBundle(): Promise<void> {
    const missing = ["OffscreenCanvas", "createImageBitmap", "WebAssembly"].filter((name) => !(name in window));
    if (missing.length > 0) {
      this.say("");
      return this.complain(`This browser is too old: it lacks ${missing.join(" and ")}. Update it, or take another one.`);
    }
    const wanted = new URLSearchParams(location.search).get("variant");
    this.facts = this.recognizer.open(here("bundle/"), here("third-party/"), wanted);
    this.say("Loading the model and checking it.");
    try {
      this.showModel(await this.facts);
      this.cameraButton.disabled = this.exampleButton.disabled = false;
      this.say(READY);
    } catch (error) {
      this.say("");
      this.complain(`The model was refused, so nothing runs. ${messageOf(error)}`);
    }
  }

  private showModel(facts: ModelFacts): void {
    this.labels = facts.labels;
    this.panel.show(facts);
  }

  private async chooseVariant(variant: string): Promise<void> {
    const before = this.facts;
    this.complain(null);
    this.stage.showBusy("Loading the model");
    try {
      this.facts = this.recognizer.call("choose", { variant });
      this.showModel(await this.facts);
      this.say(`${variant} runs now.`);
      if (this.file && !this.webcam.isOpen) await this.recognizeFile(this.file);
    } catch (error) {
      this.facts = before;
      if (before) this.showModel(await before);
      this.complain(`${variant} was refused; the model before goes on. ${messageOf(error)}`);
    } finally {
      this.stage.showBusy(null);
    }
  }

  private async takeExample(): Promise<void> {
    try {
      const response = await fetch(here("examples/astronaut.jpg"));
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      await this.takeFile(await response.blob(), 1);
      this.say("Example: astronaut Eileen Collins, photograph by NASA, in the public domain.");
    } catch (error) {
      this.complain(`The example cannot be loaded: ${messageOf(error)}.`);
    }
  }

  private async takeFile(file: Blob, count: number): Promise<void> {
    if (this.webcam.isOpen) this.closeCamera();
    this.file = file;
    await this.recognizeFile(file);
    if (count > 1) this.say(`The first of ${count} files is shown.`);
  }

  private async recognizeFile(file: Blob): Promise<void> {
    const request = ++this.request;
    const start = performance.now();
    this.complain(null);
    this.stage.showBusy("Looking for faces");
    try {
      await this.facts;
      const answer = await this.recognizer.call("picture", { file });
      if (request !== this.request) return answer.bitmap.close();
      this.showPicture(answer, performance.now() - start);
    } catch (error) {
      if (request === this.request) this.refusePicture(messageOf(error));
    } finally {
      if (request === this.request) this.stage.showBusy(null);
    }
  }

  private showPicture(answer: PictureAnswer, whole: number): void {
    const { faces, width, height, bitmap } = answer;
    this.steps.hidden = true;
    this.drawCards(faces, bitmap, bitmap.width / width);
    this.stage.showPicture(answer);
    this.stage.showBoxes(faces, width, height, (face) => this.nameOf(face));
    this.figures.showPicture(answer, whole);
    tell({ whole, faces: faces.length, ...answer.timings });
    this.say(READY);
    const summary =
      faces.length > 0
        ? `${countFaces(faces.length)} in a picture of ${width} x ${height} pixels.`
        : "No face was found. The detector looks for faces seen from the front, of 30 pixels or more.";
    showText(this.summary, summary);
    this.announcer.say([summary, ...faces.map((face) => `${this.nameOf(face)}.`)].join(" "));
  }

  private drawCards(faces: readonly Face[], bitmap: ImageBitmap, share: number): void {
    this.cards.show(faces, this.labels, ({ box: [x0, y0, x1, y1] }, into) => {
      into.width = into.height = 112;
      const across = (x1 - x0) * share;
      into.getContext("2d")?.drawImage(bitmap, x0 * share, y0 * share, across, (y1 - y0) * share, 0, 0, 112, 112);
    });
  }

  private refusePicture(sentence: string): void {
    this.file = null;
    this.clearResults();
    this.stage.showNothing();
    showText(this.summary, "Nothing to show: the file was refused.");
    this.complain(sentence);
  }

  private async toggleCamera(): Promise<void> {
    if (this.webcam.isOpen) {
      this.closeCamera();
      this.stage.showNothing();
      this.say("The camera is closed.");
      this.showSteps();
    } else await this.openCamera(null);
  }

  private async openCamera(id: string | null): Promise<void> {
    const request = ++this.request;
    this.complain(null);
    this.clearResults();
    this.stage.showBusy("Opening the camera");
    this.cameraButton.disabled = true;
    try {
      await this.recognizer.call("forget", null);
      this.rate = new RateMeter();
      this.detector = null;
      this.file = null;
      await this.webcam.open(id);
      if (request !== this.request) return;
      this.stage.showVideo(this.webcam.looksBack);
      this.nameCameraButton("Close the camera");
      showText(this.summary, "Looking for faces.");
      this.say("The camera is open; its pictures stay in this page.");
      await this.listCameras();
    } catch (error) {
      this.leaveCamera(error instanceof CameraError ? error.message : messageOf(error));
    } finally {
      this.cameraButton.disabled = false;
      if (request === this.request) this.stage.showBusy(null);
    }
  }

  private async listCameras(): Promise<void> {
    const cameras = await this.webcam.list();
    this.cameraChoice.hidden = cameras.length < 2;
    this.cameras.replaceChildren(
      ...cameras.map(({ id, name }) => {
        const option = make("option", name);
        option.value = id;
        option.selected = id === this.webcam.id;
        return option;
      }),
    );
  }

  private closeCamera(): void {
    this.request++;
    this.webcam.close();
    this.cameraChoice.hidden = true;
    this.nameCameraButton("Open the camera");
    this.clearResults();
    showText(this.summary, "Nothing to show.");
  }

  private leaveCamera(sentence: string): void {
    this.closeCamera();
    this.stage.showNothing();
    this.showSteps();
    this.stage.showBusy(null);
    this.say("");
    this.complain(sentence);
  }

  private async takeFrame(picture: VideoFrame | ImageBitmap, seconds: number): Promise<void> {
    const { request } = this;
    const start = performance.now();
    try {
      const answer = await this.recognizer.call("frame", { frame: picture, seconds }, [picture]);
      if (request === this.request && this.webcam.isOpen) this.showFrame(answer, performance.now(), start);
    } catch (error) {
      if (request === this.request) this.leaveCamera(messageOf(error));
    }
  }

  private showFrame(answer: FrameAnswer, now: number, start: number): void {
    const { faces, width, height, timings } = answer;
    const rate = this.rate.count(now);
    this.detector = timings.detector ?? this.detector;
    this.stage.showBoxes(faces, width, height, (face) => this.nameOf(face));
    tell({ whole: now - start, faces: faces.length, ...timings });
    if (now - this.cardsShown < CARDS_EVERY_MS) return;
    this.cardsShown = now;
    this.cards.show(faces, this.labels, null);
    this.figures.showLive({ rate, latency: now - start, detector: this.detector, answer });
    showText(this.summary, faces.length > 0 ? `${countFaces(faces.length)} before the camera.` : "No face in sight.");
    this.announcer.say(
      faces.map((face) => `Face ${face.number}: ${this.labels[ranking(face)[0] ?? 0]}.`).join(" ") || "No face in sight.",
    );
  }

  private nameOf(face: Face): string {
    return `${face.number}: ${guess(face, ranking(face)[0] ?? 0, this.labels)}`;
  }

  /** What stands there when nothing was chosen. */
  private showSteps(): void {
    this.steps.hidden = false;
    showText(this.summary, "Nothing yet. What will happen with your picture:");
  }

  private clearResults(): void {
    this.cards.clear();
    this.figures.hide();
    this.steps.hidden = true;
  }

  private nameCameraButton(text: string): void {
    const label = this.cameraButton.querySelector("span");
    if (label) label.textContent = text;
  }

  private say(text: string): void {
    showText(this.status, text);
  }

  private complain(sentence: string | null): void {
    showText(this.problem, sentence);
  }
}

/** Tells measurements and tests what each answer took, in milliseconds. */
function tell(detail: Timings & { whole: number; faces: number }): void {
  document.dispatchEvent(new CustomEvent("fer-edge-answer", { detail }));
}

/** An address beside this page, wherever it is served. */
function here(path: string): URL {
  return new URL(path, document.baseURI);
}

function messageOf(error: unknown): string {
  if (error instanceof Refusal && error.kind === "defect") return `Something unexpected happened: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
