/** Which model runs, on what, where it comes from and how it was checked. */

import type { ModelFacts, VariantChoice } from "../protocol.ts";
import { byId, make } from "./elements.ts";
import { bytes } from "./format.ts";

export class ModelPanel {
  readonly select = byId("variant", HTMLSelectElement);
  private readonly line = byId("model-line", HTMLElement);
  private readonly verdict = byId("verdict", HTMLElement);
  private readonly list = byId("facts", HTMLElement);
  private readonly hashes = byId("hashes", HTMLElement);
  private readonly hashList = byId("hash-list", HTMLElement);

  show(facts: ModelFacts): void {
    this.line.textContent = `${facts.model}: ${facts.variant} on ${facts.engine}`;
    this.verdict.textContent = `${facts.parity} Its size, hash and contract were compared in this browser before it ran.`;
    this.verdict.className = `verdict ${facts.verdict}`;
    fill(this.list, rowsOf(facts));
    fill(this.hashList, hashesOf(facts));
    this.hashes.hidden = false;
    this.showChoices(facts);
  }

  private showChoices({ choices, variant }: ModelFacts): void {
    const groups = new Map<string, HTMLOptGroupElement>();
    for (const choice of choices) {
      const group = groups.get(choice.engine) ?? make("optgroup");
      group.label = choice.engine;
      group.append(optionOf(choice, variant));
      groups.set(choice.engine, group);
    }
    this.select.replaceChildren(...groups.values());
    this.select.disabled = false;
  }
}

function optionOf(choice: VariantChoice, current: string): HTMLOptionElement {
  const option = make("option", `${choice.variant} (${bytes(choice.bytes)})`);
  option.value = choice.variant;
  option.selected = choice.variant === current;
  return option;
}

type Row = readonly [name: string, value: string];

function rowsOf(facts: ModelFacts): Row[] {
  const [width, height, channels] = facts.input;
  return [
    ["Runs on", `${facts.engine}, WebAssembly, one thread`],
    ["File", `${facts.file}, ${bytes(facts.bytes)}`],
    ["Made from", `${facts.model}, architecture ${facts.architecture}`],
    ["Input", `${width} x ${height} pixels, ${channels === 1 ? "gray" : "RGB"}`],
    ["Emotions", facts.labels.join(", ")],
  ];
}

/** SHA-256 of everything that decides what the model answers. */
function hashesOf(facts: ModelFacts): Row[] {
  return [
    ["File", facts.sha256],
    ["Contract", facts.contractSha256],
    ["Weights", facts.checkpointSha256],
    ["Bundle", facts.bundleSha256],
  ];
}

function fill(list: HTMLElement, rows: readonly Row[]): void {
  list.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}
