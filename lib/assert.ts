// The one way to say that something can't happen. A failing assertion is a bug of ours, never a caller's fault.

/** Throws when `condition` is false. One condition a call, so that the message says which one broke. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Returns `value`, which must be there: for look-ups that the lines before have made certain. */
export function required<Value>(value: Value | undefined | null, what: string): Value {
  assert(value !== undefined && value !== null, `${what} is missing`);
  return value;
}
