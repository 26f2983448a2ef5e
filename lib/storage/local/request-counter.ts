// What a path costs in storage requests, counted at the ports: one call is one request. Signing a reference asks
// nobody, so it doesn't count.

const NO_REQUEST: ReadonlySet<string> = new Set(['referenceRange']);

export interface RequestCounter {
  /** Requests by the port's method, since the last reset. */
  read(): ReadonlyMap<string, number>;
  reset(): void;
}

/** The same ports, every call counted. */
export function countRequests<Ports extends Readonly<Record<string, object>>>(
  ports: Ports,
): { readonly ports: Ports; readonly requests: RequestCounter } {
  const counts = new Map<string, number>();
  const counted: Record<string, object> = {};
  for (const [name, port] of Object.entries(ports)) {
    counted[name] = countPort(port, (method) => {
      if (!NO_REQUEST.has(method)) counts.set(method, (counts.get(method) ?? 0) + 1);
    });
  }
  const requests = { read: () => new Map(counts), reset: () => counts.clear() };
  // Each port has been replaced by one with the same methods.
  return { ports: counted as Ports, requests };
}

function countPort(port: object, count: (method: string) => void): object {
  const methods = new Set([
    ...Object.getOwnPropertyNames(port),
    ...Object.getOwnPropertyNames(Object.getPrototypeOf(port)),
  ]);
  const counted: Record<string, unknown> = {};
  for (const name of methods) {
    const method: unknown = Reflect.get(port, name);
    if (typeof method !== 'function') continue;
    counted[name] = (...args: unknown[]): unknown => {
      count(name);
      return Reflect.apply(method, port, args);
    };
  }
  return counted;
}
