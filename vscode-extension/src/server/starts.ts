/** One start at a time: who waits for it, and whether it is still meant when it goes on. Knows no editor. */

import { setTimeout as pause } from "node:timers/promises";

export class Starts {
  private last: Promise<void> | undefined;
  private over = new AbortController();

  /** The start under way, or the one that has led to what runs now. */
  get begun(): Promise<void> | undefined {
    return this.last;
  }

  /** Start in `delay` milliseconds, in place of any other; `act` asks whether it is still meant each time it has waited. */
  begin(act: (meant: () => boolean) => Promise<void>, delay = 0): Promise<void> {
    this.end();
    const { signal } = this.over;
    const meant = () => !signal.aborted;
    this.last = pause(delay, undefined, { signal }).then(() => act(meant)).catch((error: unknown) => {
      if (meant()) throw error;
    });
    return this.last;
  }

  /** Nothing is under way any more, and what still goes on is not meant. */
  end(): void {
    this.over.abort();
    this.over = new AbortController();
    this.last = undefined;
  }

  /** Until no start is under way: one that fails may have led to the next. */
  async settled(): Promise<void> {
    for (let seen = this.last; seen; seen = seen === this.last ? undefined : this.last) await seen;
  }
}
