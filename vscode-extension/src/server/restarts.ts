/** When a server that has crashed is started again: at once, then later and later, then not at all. Knows no editor. */

const WITHIN_MS = 3 * 60_000;
const DELAYS_MS = [0, 1_000, 2_000, 4_000, 8_000];

export class Restarts {
  private crashes: number[] = [];

  /** How long to wait after a crash at this time; undefined when there were too many. */
  after(now: number): number | undefined {
    this.crashes = [...this.crashes.filter((then) => now - then < WITHIN_MS), now];
    return DELAYS_MS[this.crashes.length - 1];
  }

  /** A person has asked for a start: the past is forgotten. */
  forget(): void {
    this.crashes = [];
  }
}
