// What becomes of messages on their way: how often each kind of trouble strikes, and how long things take.

import type { Dice } from './dice.ts';

export interface Weather {
  /** Chance that a message never arrives. */
  readonly lost: number;
  /** Chance that it arrives, and its answer doesn't. */
  readonly answerLost: number;
  /** Chance that its sender has given up long before it arrives. */
  readonly late: number;
  /** Chance that it is refused and surely changed nothing. */
  readonly throttled: number;
  /** Chance that the answer is an error that doesn't say whether it took effect; it did, half of the times. */
  readonly unknown: number;
  /** Average time on the way, each way, milliseconds. */
  readonly delayMs: number;
  /** Chance that a way takes a hundred times as long. */
  readonly slow: number;
  /** Average time by which what is late is late, milliseconds. */
  readonly lateMs: number;
}

export const CALM: Weather = {
  lost: 0,
  answerLost: 0,
  late: 0,
  throttled: 0,
  unknown: 0,
  delayMs: 4,
  slow: 0,
  lateMs: 0,
};

/** What happens to one message. */
export type Fate =
  | 'arrives'
  | 'lost'
  | 'answer lost'
  | 'late'
  | 'throttled'
  | 'unknown, without effect'
  | 'unknown, with effect';

export function fateOf(weather: Weather, dice: Dice): Fate {
  let left = dice.next();
  const strikes = (chance: number): boolean => {
    left -= chance;
    return left < 0;
  };
  if (strikes(weather.lost)) return 'lost';
  if (strikes(weather.answerLost)) return 'answer lost';
  if (strikes(weather.late)) return 'late';
  if (strikes(weather.throttled)) return 'throttled';
  if (strikes(weather.unknown / 2)) return 'unknown, without effect';
  if (strikes(weather.unknown / 2)) return 'unknown, with effect';
  return 'arrives';
}

export function wayMs(weather: Weather, dice: Dice): number {
  const meanMs = dice.chance(weather.slow) ? weather.delayMs * 100 : weather.delayMs;
  return dice.waitMs(meanMs);
}
