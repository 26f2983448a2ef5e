import { describe, expect, it } from 'vitest';
import { DENIALS_TOLD_EVERY_MS, DENIALS_TOLD_MAX } from '../../../../lib/limits.ts';
import { createDenialLog, type Denial } from '../../../../lib/service/access/denials.ts';
import { createGuardedLog, ROOT } from '../../../support/guarded-log.ts';

const DENIAL: Denial = {
  principal: 'User:alice',
  operation: 'READ',
  resourceType: 'TOPIC',
  resourceName: 'orders',
};

function denialLog() {
  const lines: string[] = [];
  const clock = { now: 0, nowMs: () => clock.now };
  return { lines, clock, tell: createDenialLog(clock, (line) => lines.push(line)) };
}

describe('createDenialLog', () => {
  it('tells who wanted to do what with which resource, in one line', () => {
    const { lines, tell } = denialLog();
    tell({ ...DENIAL, resourceName: 'or\nders' });
    expect(lines).toEqual([
      '{"level":"warn","time":"1970-01-01T00:00:00.000Z","audit":"denied","principal":"User:alice","operation":"READ","resource_type":"TOPIC","resource_name":"or\\nders","left_out":0}',
    ]);
  });

  it('tells of the same once in a while, and how often it did not', () => {
    const { lines, clock, tell } = denialLog();
    tell(DENIAL);
    tell(DENIAL);
    clock.now = DENIALS_TOLD_EVERY_MS - 1;
    tell(DENIAL);
    expect(lines).toHaveLength(1);
    clock.now = DENIALS_TOLD_EVERY_MS;
    tell(DENIAL);
    expect(lines.map((line) => JSON.parse(line).left_out)).toEqual([0, 2]);
  });

  it('tells of no more than a bound at a time, each no longer than a bound', () => {
    const { lines, tell } = denialLog();
    for (let index = 0; index < DENIALS_TOLD_MAX + 5; index += 1) {
      tell({ ...DENIAL, resourceName: `${index}${'x'.repeat(100_000)}` });
    }
    expect(lines).toHaveLength(DENIALS_TOLD_MAX);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(1_000);
  });
});

describe('a log with access lists', () => {
  it('tells of each refusal once, without a word of the request', async () => {
    const log = createGuardedLog();
    const secret = { type: 'STRING', data: 'secret' };
    const entries = ['a', 'b'].map((id) => ({ id, topic_name: 'orders', key: secret }));
    const principal = 'User:mallory';
    const json = { atomic: true, entries };
    await log.ask({ principal, method: 'POST', path: '/records', json });
    await log.ask({
      principal,
      method: 'POST',
      path: '/consumer-groups/g/offsets/reset',
      json: { to: 'earliest' },
    });
    await log.ask({ principal, method: 'POST', path: '/producers', json: {} });
    const about = (operation: string, resource_type: string, resource_name: string) =>
      expect.objectContaining({ principal, operation, resource_type, resource_name });
    expect(log.denials).toEqual([
      about('WRITE', 'TOPIC', 'orders'),
      about('READ', 'GROUP', 'g'),
      about('IDEMPOTENT_WRITE', 'CLUSTER', 'kafka-cluster'),
    ]);
    expect(JSON.stringify(log.denials)).not.toContain('secret');
  });

  it('tells nothing of what is only left out, or allowed', async () => {
    const log = createGuardedLog();
    await log.ask({ principal: 'User:mallory', method: 'GET', path: '/topics' });
    await log.ask({ principal: 'User:mallory', method: 'GET', path: '/consumer-groups' });
    await log.ask({ principal: ROOT, method: 'GET', path: '/topics/none' });
    expect(log.denials).toEqual([]);
  });
});
