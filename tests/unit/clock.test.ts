import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock, within } from '../../lib/clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the system’s clock calls back when the time has come, and not before', () => {
  const callback = vi.fn();
  systemClock.after(100, callback);
  vi.advanceTimersByTime(99);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledOnce();
});

test('it does not call back what was cancelled', () => {
  const callback = vi.fn();
  const cancel = systemClock.after(100, callback);
  cancel();
  vi.advanceTimersByTime(1_000);
  expect(callback).not.toHaveBeenCalled();
});

test('waiting within a time brings what comes in it, and nothing when that fails or takes longer', async () => {
  const never = new Promise<string>(() => {});
  const brought = within(systemClock, 100, Promise.resolve('value'));
  const failed = within(systemClock, 100, Promise.reject(new Error('no route')));
  const late = within(systemClock, 100, never);
  expect(await brought).toBe('value');
  expect(await failed).toBeUndefined();
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(100);
  expect(await late).toBeUndefined();
});
