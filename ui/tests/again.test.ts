import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError } from '@/host';
import { Again } from '@/state/again';

describe('what was not answered', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('is asked again after 5 s, then less and less often, a minute at most', () => {
    const ask = vi.fn();
    const again = new Again(ask);
    for (const wait of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      again.failed(new Error('nobody'));
      vi.advanceTimersByTime(wait - 1);
      expect(ask).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(ask).toHaveBeenCalledOnce();
      ask.mockClear();
    }
    again.over();
    again.failed(null);
    vi.advanceTimersByTime(5_000);
    expect(ask).toHaveBeenCalledOnce();
  });

  it('waits as long as the answer says, and not at all once it is over', () => {
    const ask = vi.fn();
    const again = new Again(ask);
    again.failed(new HostError(503, 'busy', 'busy', 30));
    vi.advanceTimersByTime(29_999);
    expect(ask).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(ask).toHaveBeenCalledOnce();
    again.failed(null);
    again.over();
    vi.advanceTimersByTime(300_000);
    expect(ask).toHaveBeenCalledOnce();
  });
});
