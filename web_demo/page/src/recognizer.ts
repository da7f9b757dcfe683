/** The page's side of the two workers: asks, and gets promises. */

import type { CallName, Calls, ModelFacts, Question, Reply } from "./protocol.ts";

/** Why a worker gave no answer; the message is a sentence for people. */
export class Refusal extends Error {
  override name = "Refusal";

  readonly kind: "picture" | "model" | "defect";

  constructor(message: string, kind: Refusal["kind"]) {
    super(message);
    this.kind = kind;
  }
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Refusal): void;
}

export class Recognizer {
  private readonly worker = new Worker(new URL("./worker/recognition.worker.ts", import.meta.url));
  private readonly detector = new Worker(new URL("./worker/detector.worker.ts", import.meta.url));
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.settle(data);
    this.worker.onerror = this.detector.onerror = (event) => {
      event.preventDefault();
      const message = event.message ? `: ${event.message}` : "";
      this.refuseAll(`A part of the page cannot be loaded${message}. Load the page again.`);
    };
  }

  /**
   * Starts both workers.
   *
   * @param bundle address of the bundle's folder.
   * @param variant of the model; null: the usual one.
   */
  open(bundle: URL, thirdParty: URL, variant: string | null): Promise<ModelFacts> {
    const { port1, port2 } = new MessageChannel();
    this.detector.postMessage({ port: port1, folder: `${thirdParty.href}opencv-${__VERSIONS__.opencv}/` }, [port1]);
    return this.call("open", { bundle: bundle.href, thirdParty: thirdParty.href, detector: port2, variant }, [port2]);
  }

  /** @throws Refusal with the sentence that the worker found. */
  call<Name extends CallName>(
    name: Name,
    ask: Calls[Name]["ask"],
    transfer: Transferable[] = [],
  ): Promise<Calls[Name]["answer"]> {
    const question: Question = { id: ++this.last, name, ask };
    return new Promise((resolve, reject) => {
      this.waiting.set(question.id, { resolve: resolve as (answer: unknown) => void, reject });
      this.worker.postMessage(question, transfer);
    });
  }

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ("sentence" in reply) waiting?.reject(new Refusal(reply.sentence, reply.kind));
    else waiting?.resolve(reply.answer);
  }

  private refuseAll(sentence: string): void {
    for (const { reject } of this.waiting.values()) reject(new Refusal(sentence, "defect"));
    this.waiting.clear();
  }
}
