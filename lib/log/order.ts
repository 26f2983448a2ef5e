// Smaller and larger of what Math can't compare: offsets and ids.

export function smallest<Value extends bigint | string>(first: Value, ...rest: readonly Value[]) {
  let found = first;
  for (const value of rest) if (value < found) found = value;
  return found;
}

export function largest<Value extends bigint | string>(first: Value, ...rest: readonly Value[]) {
  let found = first;
  for (const value of rest) if (value > found) found = value;
  return found;
}
