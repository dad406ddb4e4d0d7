/** What was not answered is asked again by itself, also on a quiet wall, where no frame gives a reason to. */
import { HostError } from '@/host';

const firstMs = 5_000;
const mostMs = 60_000;

/** Waits before the next try: 5 s, twice as long each time, a minute at most, never less than the answer asked for. */
export class Again {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waitMs = firstMs;

  constructor(private readonly ask: () => void) {}

  /** It failed. */
  failed(error: unknown): void {
    clearTimeout(this.timer);
    const saidMs = error instanceof HostError ? (error.retryAfterS ?? 0) * 1000 : 0;
    // Walls that failed together do not come back together.
    const spread = 1 + Math.random() / 5;
    this.timer = setTimeout(this.ask, Math.max(saidMs, Math.min(mostMs, this.waitMs)) * spread);
    this.waitMs *= 2;
  }

  /** It was answered, or is being asked for another reason. */
  over(): void {
    clearTimeout(this.timer);
    this.waitMs = firstMs;
  }
}
