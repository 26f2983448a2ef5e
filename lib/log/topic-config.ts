// The configuration of a topic: Kafka's names, types, defaults and bounds (https://kafka.apache.org/documentation/#topicconfigs).
// A topic stores only what was set; a name that isn't in this table is refused, as Kafka refuses it.

import { type Rejected, rejected } from '../errors.ts';
import { BATCH_BYTES_MAX } from '../limits.ts';

const LONG_MAX = 9_223_372_036_854_775_807n;

type ConfigKind =
  | { readonly kind: 'integer'; readonly min: bigint; readonly max: bigint }
  | { readonly kind: 'ratio' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[]; readonly several: boolean };

interface ConfigDefinition {
  readonly fallback: string;
  readonly value: ConfigKind;
  /** False: accepted for Kafka's tools and reported back, but nothing here has what it would set. */
  readonly effective: boolean;
}

const integer = (fallback: bigint, min: bigint, max = LONG_MAX): ConfigDefinition => ({
  fallback: fallback.toString(),
  value: { kind: 'integer', min, max },
  effective: true,
});
const choice = (fallback: string, of: readonly string[], several = false): ConfigDefinition => ({
  fallback,
  value: { kind: 'choice', of, several },
  effective: true,
});
const ignored = (fallback: string, value: ConfigKind): ConfigDefinition => ({
  fallback,
  value,
  effective: false,
});
const ANY_LONG: ConfigKind = { kind: 'integer', min: 0n, max: LONG_MAX };

const DEFINITIONS: Readonly<Record<string, ConfigDefinition>> = {
  'cleanup.policy': choice('delete', ['delete', 'compact'], true),
  // Batches are kept as their producers made them; Kafka's other values would mean to open and compress them again.
  'compression.type': choice('producer', ['producer']),
  'delete.retention.ms': integer(86_400_000n, 0n),
  'max.compaction.lag.ms': integer(LONG_MAX, 1n),
  'max.message.bytes': integer(1_048_588n, 0n, BigInt(BATCH_BYTES_MAX)),
  'message.timestamp.after.max.ms': integer(3_600_000n, 0n),
  'message.timestamp.before.max.ms': integer(LONG_MAX, 0n),
  'message.timestamp.type': choice('CreateTime', ['CreateTime', 'LogAppendTime']),
  'min.cleanable.dirty.ratio': { fallback: '0.5', value: { kind: 'ratio' }, effective: true },
  'min.compaction.lag.ms': integer(0n, 0n),
  'retention.bytes': integer(-1n, -1n),
  'retention.ms': integer(604_800_000n, -1n),
  'segment.bytes': integer(1_073_741_824n, 1_048_576n, 2_147_483_647n),
  'segment.ms': integer(604_800_000n, 1n),
  'file.delete.delay.ms': ignored('60000', ANY_LONG),
  'flush.messages': ignored(LONG_MAX.toString(), ANY_LONG),
  'flush.ms': ignored(LONG_MAX.toString(), ANY_LONG),
  'index.interval.bytes': ignored('4096', ANY_LONG),
  'min.insync.replicas': ignored('1', { kind: 'integer', min: 1n, max: 2_147_483_647n }),
  preallocate: ignored('false', { kind: 'boolean' }),
  'segment.index.bytes': ignored('10485760', ANY_LONG),
  'segment.jitter.ms': ignored('0', ANY_LONG),
  'unclean.leader.election.enable': ignored('false', { kind: 'boolean' }),
};

/** What the append and read paths ask of a topic's configuration. */
export interface TopicLimits {
  readonly batchBytesMax: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** cleanup.policy contains compact: every record needs a key. */
  readonly compacted: boolean;
}

export interface EffectiveConfig {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
  /** False: kept and reported, without effect. */
  readonly isEffective: boolean;
}

type Configs = Readonly<Record<string, string>>;

/** Every configuration of a topic, defaults included, by name. */
export function effectiveConfigs(configs: Configs): readonly EffectiveConfig[] {
  return Object.entries(DEFINITIONS)
    .map(([name, definition]) => ({
      name,
      value: Object.hasOwn(configs, name) ? (configs[name] ?? '') : definition.fallback,
      isDefault: !Object.hasOwn(configs, name),
      isEffective: definition.effective,
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

export function topicLimits(configs: Configs): TopicLimits {
  const value = (name: string): string => configs[name] ?? DEFINITIONS[name]?.fallback ?? '';
  return {
    batchBytesMax: Number(value('max.message.bytes')),
    timestampType:
      value('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    timestampBeforeMaxMs: Number(value('message.timestamp.before.max.ms')),
    timestampAfterMaxMs: Number(value('message.timestamp.after.max.ms')),
    compacted: value('cleanup.policy').split(',').includes('compact'),
  };
}

/**
 * Sets and unsets (null: back to the default) configurations.
 * Refuses with INVALID_CONFIG: an unknown name, or a value that isn't of the name's type or bounds.
 */
export function changeConfigs(
  configs: Configs,
  changes: readonly { readonly name: string; readonly value: string | null }[],
): { readonly kind: 'changed'; readonly configs: Configs } | Rejected {
  const next = new Map(Object.entries(configs));
  for (const { name, value } of changes) {
    const definition = Object.hasOwn(DEFINITIONS, name) ? DEFINITIONS[name] : undefined;
    if (definition === undefined) {
      return rejected('INVALID_CONFIG', `unknown topic config name: ${name.slice(0, 100)}`);
    }
    if (value === null) {
      next.delete(name);
      continue;
    }
    const parsed = parseValue(definition.value, value);
    if (parsed.kind === 'invalid') {
      const shown = value.slice(0, 100);
      return rejected('INVALID_CONFIG', `invalid value "${shown}" for ${name}: ${parsed.problem}`);
    }
    next.set(name, parsed.value);
  }
  return { kind: 'changed', configs: Object.fromEntries(next) };
}

type ParsedValue =
  | { readonly kind: 'valid'; readonly value: string }
  | { readonly kind: 'invalid'; readonly problem: string };

const valid = (value: string): ParsedValue => ({ kind: 'valid', value });
const invalid = (problem: string): ParsedValue => ({ kind: 'invalid', problem });

function parseValue(kind: ConfigKind, text: string): ParsedValue {
  switch (kind.kind) {
    case 'integer':
      return parseInteger(kind, text.trim());
    case 'ratio': {
      const number = Number(text);
      const inBounds = text.trim() !== '' && number >= 0 && number <= 1;
      return inBounds ? valid(text.trim()) : invalid('it must be a number from 0 to 1');
    }
    case 'boolean': {
      const lower = text.trim().toLowerCase();
      return lower === 'true' || lower === 'false'
        ? valid(lower)
        : invalid('it must be true or false');
    }
    case 'choice':
      return parseChoice(kind, text);
  }
}

function parseInteger(
  bounds: { readonly min: bigint; readonly max: bigint },
  text: string,
): ParsedValue {
  if (!/^[+-]?\d{1,19}$/.test(text)) return invalid('it must be a whole number');
  const number = BigInt(text.replace(/^\+/, ''));
  const { min, max } = bounds;
  return number >= min && number <= max
    ? valid(number.toString())
    : invalid(`it must be from ${min} to ${max}`);
}

function parseChoice(
  kind: { readonly of: readonly string[]; readonly several: boolean },
  text: string,
): ParsedValue {
  const items = text.split(',').map((item) => item.trim());
  const known = items.every((item) => kind.of.includes(item));
  if (known && new Set(items).size === items.length && (items.length === 1 || kind.several)) {
    return valid(items.join(','));
  }
  return invalid(`it must be ${kind.several ? 'a list of' : 'one of'} ${kind.of.join(', ')}`);
}
