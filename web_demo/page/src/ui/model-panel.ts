/** Which model runs, on what, where it comes from and how it was checked. */

import type { ModelFacts, VariantChoice } from "../protocol.ts";
import { byId, make } from "./elements.ts";
import { bytes } from "./format.ts";

export class ModelPanel {
  readonly select = byId("variant", HTMLSelectElement);
  private readonly line = byId("model-line", HTMLElement);
  private readonly verdict = byId("verdict", HTMLElement);
  private readonly list = byId("facts", HTMLElement);

  show(facts: ModelFacts): void {
    this.line.textContent = `${facts.model}: ${facts.variant} on ${facts.engine}`;
    this.verdict.textContent = `${facts.parity} Its size, hash and contract were compared in this browser before it ran.`;
    this.verdict.className = `verdict ${facts.verdict}`;
    this.list.replaceChildren(...rowsOf(facts).flatMap(([name, value]) => [make("dt", name), detail(value)]));
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

/** A value, or one that is to be copied: a hash, a file. */
type Value = string | { readonly code: string };

function rowsOf(facts: ModelFacts): [string, Value][] {
  const [width, height, channels] = facts.input;
  return [
    ["Runs on", `${facts.engine}, WebAssembly, one thread`],
    ["Input", `${width} x ${height} pixels, ${channels === 1 ? "gray" : "RGB"}`],
    ["Emotions", facts.labels.join(", ")],
    ["File", { code: `${facts.file} (${bytes(facts.bytes)})` }],
    ["SHA-256", { code: facts.sha256 }],
    ["Architecture", { code: facts.architecture }],
    ["Weights", { code: facts.checkpointSha256 }],
    ["Contract", { code: facts.contractSha256 }],
    ["Bundle", { code: facts.bundleSha256 }],
  ];
}

function detail(value: Value): HTMLElement {
  const found = make("dd");
  found.append(typeof value === "string" ? value : make("code", value.code));
  return found;
}
