import { describe, expect, it } from 'vitest';
import { commitPolicy, isCommitDue } from '../../../../lib/client/consumer/commit-policy.ts';

describe('commitPolicy', () => {
  it('commits every five seconds by default, as Kafka does', () => {
    const policy = commitPolicy({});
    expect(isCommitDue(policy, { handledCount: 1, elapsedMs: 4_999 })).toBe(false);
    expect(isCommitDue(policy, { handledCount: 1, elapsedMs: 5_000 })).toBe(true);
  });

  it('never commits when nothing was handled', () => {
    expect(isCommitDue(commitPolicy({}), { handledCount: 0, elapsedMs: 60_000 })).toBe(false);
  });

  it('goes by number alone when only a threshold is given', () => {
    const policy = commitPolicy({ autoCommitThreshold: 100 });
    expect(isCommitDue(policy, { handledCount: 99, elapsedMs: 60_000 })).toBe(false);
    expect(isCommitDue(policy, { handledCount: 100, elapsedMs: 0 })).toBe(true);
  });

  it('goes by whichever comes first when both are given', () => {
    const policy = commitPolicy({ autoCommitThreshold: 100, autoCommitInterval: 1_000 });
    expect(isCommitDue(policy, { handledCount: 1, elapsedMs: 1_000 })).toBe(true);
    expect(isCommitDue(policy, { handledCount: 100, elapsedMs: 1 })).toBe(true);
  });

  it('leaves it to the program when autoCommit is off', () => {
    const policy = commitPolicy({ autoCommit: false, autoCommitThreshold: 1 });
    expect(isCommitDue(policy, { handledCount: 5, elapsedMs: 60_000 })).toBe(false);
  });
});
