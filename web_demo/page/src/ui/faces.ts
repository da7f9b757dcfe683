/** A card for each face: what it shows most, the second guess, a bar for every emotion. */

import type { Face } from "../protocol.ts";
import { colorOf } from "./colors.ts";
import { make, setText } from "./elements.ts";
import { percent } from "./format.ts";

/** Draws a face into a small canvas. */
export type DrawCrop = (face: Face, into: HTMLCanvasElement) => void;

/** The places of the labels, most probable first; equals keep the labels' order. */
export function ranking({ probabilities }: Face): number[] {
  const places = probabilities.map((_, index) => index);
  return places.sort((one, other) => (probabilities[other] ?? 0) - (probabilities[one] ?? 0));
}

/** An emotion and how probable it is. */
export function guess(face: Face, place: number, labels: readonly string[]): string {
  return `${labels[place]} ${percent(face.probabilities[place] ?? 0)}`;
}

export class FaceCards {
  private cards: FaceCard[] = [];
  private readonly root: HTMLElement;

  constructor(root: HTMLElement) {
    this.root = root;
  }

  /** @param crop null: cards without pictures. */
  show(faces: readonly Face[], labels: readonly string[], crop: DrawCrop | null): void {
    if (this.cards.some((card) => card.labels !== labels || (card.canvas !== null) !== (crop !== null))) this.clear();
    while (this.cards.length > faces.length) this.cards.pop()?.element.remove();
    faces.forEach((face, index) => {
      const card = this.cards[index] ?? this.add(labels, crop !== null);
      card.show(face);
      if (card.canvas) crop?.(face, card.canvas);
    });
  }

  clear(): void {
    this.cards = [];
    this.root.replaceChildren();
  }

  private add(labels: readonly string[], hasCrop: boolean): FaceCard {
    const card = new FaceCard(labels, hasCrop);
    this.cards.push(card);
    this.root.append(card.element);
    return card;
  }
}

class FaceCard {
  readonly element = make("article", "", "face");
  readonly labels: readonly string[];
  readonly canvas: HTMLCanvasElement | null;
  private readonly number = make("small");
  private readonly first = make("span");
  private readonly second = make("p");
  private readonly bars: Bar[];

  constructor(labels: readonly string[], hasCrop: boolean) {
    this.labels = labels;
    this.canvas = hasCrop ? make("canvas") : null;
    this.canvas?.setAttribute("aria-hidden", "true");
    const heading = make("h3");
    heading.append(this.number, " ", this.first);
    const text = make("div");
    text.append(heading, this.second);
    const head = make("div", "", "face-head");
    head.append(...(this.canvas ? [this.canvas] : []), text);
    this.bars = labels.map((label) => new Bar(label));
    const list = make("ul", "", "bars");
    list.append(...this.bars.map((bar) => bar.element));
    this.element.append(head, list);
  }

  show(face: Face): void {
    const [first = 0, second] = ranking(face);
    this.element.style.setProperty("--face", colorOf(face.number));
    setText(this.number, `Face ${face.number}`);
    setText(this.first, guess(face, first, this.labels));
    setText(this.second, second === undefined ? "" : `Second guess: ${guess(face, second, this.labels)}`);
    this.bars.forEach((bar, index) => {
      bar.show(face.probabilities[index] ?? 0, index === first ? "first" : index === second ? "second" : "");
    });
  }
}

class Bar {
  readonly element = make("li");
  private readonly fill = make("span", "", "fill");
  private readonly value = make("span", "", "value");

  constructor(label: string) {
    const track = make("span", "", "track");
    track.setAttribute("aria-hidden", "true");
    track.append(this.fill);
    this.element.append(make("span", label), track, this.value);
  }

  show(probability: number, place: "" | "first" | "second"): void {
    this.element.className = place;
    this.element.dataset["probability"] = String(probability);
    this.fill.style.setProperty("--share", probability.toFixed(4));
    setText(this.value, percent(probability));
  }
}
