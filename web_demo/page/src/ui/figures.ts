/** What it took, in tiles. */

import type { FrameAnswer, PictureAnswer } from "../protocol.ts";
import { make, setText } from "./elements.ts";
import { milliseconds } from "./format.ts";

type Tile = readonly [name: string, value: string];

export interface LiveFigures {
  /** Frames a second. */
  readonly rate: number;
  /** Milliseconds from the frame to its answer. */
  readonly latency: number;
  /** Milliseconds of the last detection; null: there was none yet. */
  readonly detector: number | null;
  readonly answer: FrameAnswer;
}

export class Figures {
  private readonly list: HTMLElement;

  constructor(list: HTMLElement) {
    this.list = list;
  }

  /** @param whole milliseconds from the choice of the file to the answer. */
  showPicture({ timings }: PictureAnswer, whole: number): void {
    this.show([
      ["Answer after", milliseconds(whole)],
      ["Reading", milliseconds(timings.read)],
      ["Face detector", milliseconds(timings.detector ?? 0)],
      ["Camera path", milliseconds(timings.path)],
      ["Network", milliseconds(timings.network)],
    ]);
  }

  showLive({ rate, latency, detector, answer }: LiveFigures): void {
    this.show([
      ["Frame rate", `${rate.toFixed(1)} / s`],
      ["Latency", milliseconds(latency)],
      ["Face detector", detector === null ? "starting" : milliseconds(detector)],
      ["Camera path", milliseconds(answer.timings.path)],
      ["Network", milliseconds(answer.timings.network)],
      ["Pixels", answer.route === "planes" ? "as they came" : "converted"],
    ]);
  }

  hide(): void {
    this.list.hidden = true;
  }

  private show(tiles: readonly Tile[]): void {
    this.list.hidden = false;
    if (this.list.children.length !== tiles.length) this.list.replaceChildren(...tiles.map(makeTile));
    tiles.forEach(([name, value], index) => {
      const [term, text] = this.list.children[index]?.children ?? [];
      if (term) setText(term, name);
      if (text) setText(text, value);
    });
  }
}

function makeTile(): HTMLElement {
  const tile = make("div");
  tile.append(make("dt"), make("dd"));
  return tile;
}

const SPAN_MS = 2000;

/** Frames a second, over the last two seconds. */
export class RateMeter {
  private times: number[] = [];

  /** @param now in milliseconds. */
  count(now: number): number {
    this.times = [...this.times.filter((time) => now - time <= SPAN_MS), now];
    const first = this.times[0] ?? now;
    return this.times.length < 2 ? 0 : (1000 * (this.times.length - 1)) / (now - first);
  }
}
