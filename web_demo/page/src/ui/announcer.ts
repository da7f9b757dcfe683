const PAUSE_MS = 1000;

/** What a screen reader hears: only what is new, and at most once a second. */
export class Announcer {
  private said = "";
  private next = "";
  private timer: number | null = null;
  private readonly region: HTMLElement;

  constructor(region: HTMLElement) {
    this.region = region;
  }

  say(text: string): void {
    this.next = text;
    if (this.timer === null) this.speak();
  }

  private speak(): void {
    this.timer = null;
    if (this.next === this.said) return;
    this.said = this.next;
    this.region.textContent = this.said;
    this.timer = window.setTimeout(() => this.speak(), PAUSE_MS);
  }
}
