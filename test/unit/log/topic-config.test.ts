import { describe, expect, it } from 'vitest';
import { changeConfigs, effectiveConfigs, topicLimits } from '../../../lib/log/topic-config.ts';

const change = (name: string, value: string | null, before: Record<string, string> = {}) =>
  changeConfigs(before, [{ name, value }]);

describe('effectiveConfigs', () => {
  it("gives Kafka's defaults for what was not set", () => {
    const configs = new Map(effectiveConfigs({}).map((config) => [config.name, config.value]));
    expect(configs.get('retention.ms')).toBe('604800000');
    expect(configs.get('retention.bytes')).toBe('-1');
    expect(configs.get('cleanup.policy')).toBe('delete');
    expect(configs.get('segment.bytes')).toBe('1073741824');
    expect(configs.get('segment.ms')).toBe('604800000');
    expect(configs.get('max.message.bytes')).toBe('1048588');
    expect(configs.get('message.timestamp.type')).toBe('CreateTime');
  });

  it('says what was set, and what is kept without effect', () => {
    const configs = effectiveConfigs({ 'retention.ms': '-1' });
    expect(configs.find(({ name }) => name === 'retention.ms')).toEqual({
      name: 'retention.ms',
      value: '-1',
      isDefault: false,
      isEffective: true,
    });
    expect(configs.find(({ name }) => name === 'min.insync.replicas')?.isEffective).toBe(false);
  });
});

describe('changeConfigs', () => {
  it('sets, normalises and unsets', () => {
    expect(change('retention.ms', ' +60000 ')).toMatchObject({
      configs: { 'retention.ms': '60000' },
    });
    expect(change('cleanup.policy', 'compact, delete')).toMatchObject({
      configs: { 'cleanup.policy': 'compact,delete' },
    });
    expect(change('retention.ms', null, { 'retention.ms': '1' })).toMatchObject({ configs: {} });
  });

  it.each([
    ['no.such.config', '1', /unknown topic config name/],
    ['__proto__', '1', /unknown topic config name/],
    ['retention.ms', 'soon', /whole number/],
    ['retention.ms', '-2', /from -1 to/],
    ['max.message.bytes', '999999999', /from 0 to/],
    ['cleanup.policy', 'delete,delete', /a list of/],
    ['cleanup.policy', '', /a list of/],
    ['message.timestamp.type', 'CreateTime,LogAppendTime', /one of/],
    ['min.cleanable.dirty.ratio', '1.5', /from 0 to 1/],
    ['preallocate', 'yes', /true or false/],
  ])('refuses %s=%s', (name, value, message) => {
    expect(change(name, value)).toMatchObject({
      kind: 'rejected',
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(message),
    });
  });
});

describe('topicLimits', () => {
  it('is what the append path asks', () => {
    expect(topicLimits({ 'cleanup.policy': 'compact,delete' })).toEqual({
      batchBytesMax: 1_048_588,
      timestampType: 'CreateTime',
      timestampBeforeMaxMs: Number(9_223_372_036_854_775_807n),
      timestampAfterMaxMs: 3_600_000,
      compacted: true,
    });
  });
});
