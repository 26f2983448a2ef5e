// What a check of the doctor says.

export type CheckResult = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Check {
  /** `endpoint`, `clock`, `table heads` */
  readonly check: string;
  readonly result: CheckResult;
  /** What was found. */
  readonly found: string;
  /** What to do about it; undefined where nothing is wrong. */
  readonly advice?: string;
}

export function ok(check: string, found: string): Check {
  return { check, result: 'ok', found };
}

export function warning(check: string, found: string, advice: string): Check {
  return { check, result: 'warning', found, advice };
}

export function failed(check: string, found: string, advice: string): Check {
  return { check, result: 'failed', found, advice };
}

export function skipped(check: string, found: string): Check {
  return { check, result: 'skipped', found };
}
