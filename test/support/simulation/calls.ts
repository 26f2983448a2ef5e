// Storage requests as the simulation sees them: which method of which port, what was asked, what was answered.

import type { LocalStorage } from '../../../lib/storage/local/local-storage.ts';

export const PORT_NAMES = [
  'topics',
  'partitions',
  'objects',
  'groups',
  'offsets',
  'producers',
  'transactions',
  'segments',
  'cleanup',
  'leases',
  'upkeep',
] as const;

type PortName = (typeof PORT_NAMES)[number];

export type StoragePorts = Pick<LocalStorage, PortName>;

type Method = (...parameters: never[]) => Promise<unknown>;

type CallsOf<Name extends PortName> = {
  [M in keyof StoragePorts[Name]]: StoragePorts[Name][M] extends Method
    ? {
        readonly port: Name;
        readonly method: M;
        readonly asked: Parameters<StoragePorts[Name][M]>;
        readonly answer: Awaited<ReturnType<StoragePorts[Name][M]>>;
      }
    : never;
}[keyof StoragePorts[Name]];

/** A request that reached the storage, with its answer; `method` tells them apart. */
export type StorageCall = { [Name in PortName]: CallsOf<Name> }[PortName];

/** These ports, every method of them replaced by what `through` makes of it. */
export function wrapPorts(
  ports: StoragePorts,
  through: (port: PortName, method: string, ask: Ask) => Ask,
): StoragePorts {
  const wrapped: Record<string, object> = {};
  for (const name of PORT_NAMES) {
    const methods: Record<string, Ask> = {};
    for (const [method, ask] of Object.entries(ports[name]))
      methods[method] = through(name, method, ask as Ask);
    wrapped[name] = methods;
  }
  // Every port has been replaced by one with the same methods.
  return wrapped as unknown as StoragePorts;
}

export type Ask = (...parameters: unknown[]) => Promise<unknown>;
