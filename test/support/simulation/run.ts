// Running one scenario, once.

import type { PlantedBug } from './bugs/planted-bug.ts';
import type { Scenario } from './scenario.ts';
import { type Violation, World } from './world.ts';

export interface RunOptions {
  readonly bug?: PlantedBug | undefined;
  readonly keepHistory?: boolean;
}

export interface RunResult {
  readonly violation: Violation | undefined;
  /** One line a thing that happened; empty unless it was kept. */
  readonly history: readonly string[];
  readonly requestCount: number;
}

export async function runScenario(
  scenario: Scenario,
  { bug, keepHistory = false }: RunOptions = {},
): Promise<RunResult> {
  const world = new World(scenario, { keepHistory, ...(bug === undefined ? {} : { bug }) });
  const violation = await world.run();
  return { violation, history: world.history.lines, requestCount: world.wire.sent };
}

/** Whether a violation is what a planted bug must lead to; without a bug any violation is. */
export function isExpected(
  violation: Violation | undefined,
  bug: PlantedBug | undefined,
): violation is Violation {
  if (violation === undefined) return false;
  return bug === undefined || bug.breaks.includes(violation.invariant);
}
