// A countdown to a time of the server.

/** Calls tick now and every second with the milliseconds that remain, and end once when none remain. */
export class Countdown {
  private timer: ReturnType<typeof setTimeout> | undefined;

  start(remaining: () => number, tick: (milliseconds: number) => void, end: () => void): void {
    this.stop();
    const step = (): void => {
      const left = remaining();
      if (left <= 0) {
        end();
        return;
      }
      tick(left);
      this.timer = setTimeout(step, left % 1000 || 1000); // when the shown second changes
    };
    step();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
