// What a warm process asks the storage for access lists: nothing; and when a change counts.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Acl } from '../../../../lib/access/acl.ts';
import { ACL_CACHE_TTL_MS } from '../../../../lib/limits.ts';
import { type Access, createAccess } from '../../../../lib/service/access/access.ts';
import { type AclService, createAclServices } from '../../../../lib/service/access/acls.ts';
import { createLocalStorage } from '../../../../lib/storage/local/local-storage.ts';
import { ManualClock, SeededRandom, Wire } from '../../../support/test-log.ts';

const READ: Acl = {
  resourceType: 'TOPIC',
  patternType: 'LITERAL',
  resourceName: 'orders',
  principal: 'User:alice',
  operation: 'READ',
  permission: 'ALLOW',
};
const RULES = { superUsers: new Set<string>(), allowIfNoAcl: false };

let clock: ManualClock;
let wire: Wire;
let storage: ReturnType<typeof createLocalStorage>;

interface Process {
  readonly access: Access;
  readonly acls: AclService;
  mayRead(): Promise<boolean>;
}

function newProcess(): Process {
  const ports = { acls: wire.through(storage.acls), clock, random: new SeededRandom() };
  const access = createAccess(ports, RULES);
  return {
    access,
    acls: createAclServices(ports, access).acls,
    mayRead: async () => (await access.rightsOf('User:alice')).may('READ', 'TOPIC', 'orders'),
  };
}

beforeEach(() => {
  clock = new ManualClock();
  wire = new Wire();
  storage = createLocalStorage({ directory: ':memory:' });
});

describe('rightsOf', () => {
  it('asks twice when a process is new, nothing while that is fresh, and once for the version after that', async () => {
    const { mayRead } = newProcess();
    await mayRead();
    expect(wire.take()).toEqual({ readVersion: 1, listAcls: 1 });
    clock.timeMs += ACL_CACHE_TTL_MS - 1;
    for (let call = 0; call < 100; call += 1) await mayRead();
    expect(wire.take()).toEqual({});
    clock.timeMs += 1;
    await mayRead();
    expect(wire.take()).toEqual({ readVersion: 1 });
    await mayRead();
    expect(wire.take()).toEqual({});
  });

  it('asks once for all who come at once', async () => {
    const { mayRead } = newProcess();
    await Promise.all(Array.from({ length: 50 }, mayRead));
    expect(wire.take()).toEqual({ readVersion: 1, listAcls: 1 });
  });

  it('knows a change of this process at once, and of another one when what it knows is over', async () => {
    const here = newProcess();
    const there = newProcess();
    expect([await here.mayRead(), await there.mayRead()]).toEqual([false, false]);
    await here.acls.create([READ]);
    expect([await here.mayRead(), await there.mayRead()]).toEqual([true, false]);
    clock.timeMs += ACL_CACHE_TTL_MS;
    expect([await here.mayRead(), await there.mayRead()]).toEqual([true, true]);
    await there.acls.delete(READ);
    expect([await here.mayRead(), await there.mayRead()]).toEqual([true, false]);
    clock.timeMs += ACL_CACHE_TTL_MS;
    expect(await here.mayRead()).toBe(false);
  });

  it('does not take for new what a change overtook', async () => {
    const { access, acls, mayRead } = newProcess();
    // While the entries are on their way, one is added; what arrives is older than that.
    const list = storage.acls.listAcls.bind(storage.acls);
    const listed = await list({ limit: 10 });
    let isFirst = true;
    storage.acls.listAcls = async (request) => {
      if (!isFirst) return list(request);
      isFirst = false;
      await acls.create([READ]);
      return listed;
    };
    expect((await access.rightsOf('User:alice')).may('READ', 'TOPIC', 'orders')).toBe(false);
    expect(await mayRead()).toBe(true);
  });

  it('goes through throttling, and lets nobody through when the storage does not answer', async () => {
    const { mayRead } = newProcess();
    wire.fail('readVersion', 'throttled', 'throttled');
    expect(await mayRead()).toBe(false);
    clock.timeMs += ACL_CACHE_TTL_MS;
    wire.fail('readVersion', ...Array.from({ length: 10 }, () => 'before' as const));
    await expect(mayRead()).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT' });
    wire.fail('readVersion');
    expect(await mayRead()).toBe(false);
  });

  it('reads as many entries as there are', async () => {
    const { acls, access } = newProcess();
    const many = Array.from({ length: 2_500 }, (_, number) => ({
      ...READ,
      resourceName: `t${number}`,
    }));
    await acls.create(many);
    const rights = await access.rightsOf('User:alice');
    expect(many.every(({ resourceName }) => rights.may('READ', 'TOPIC', resourceName))).toBe(true);
    expect(rights.may('READ', 'TOPIC', 't2500')).toBe(false);
  });
});

describe('the service of access lists', () => {
  it('adds all or none of what is not valid', async () => {
    const { acls } = newProcess();
    const refused = await acls.create([READ, { ...READ, principal: 'alice' }]);
    expect(refused).toMatchObject({ kind: 'rejected', code: 'INVALID_REQUEST' });
    expect(await acls.list({})).toEqual({ kind: 'acls', acls: [] });
  });

  it('removes what fits a filter and says what that was', async () => {
    const { acls } = newProcess();
    const write = { ...READ, operation: 'WRITE' } as const;
    const other = { ...READ, resourceName: 'shop' };
    await acls.create([READ, write, other]);
    expect(await acls.delete({ resourceName: 'orders' })).toEqual({
      kind: 'deleted',
      acls: [READ, write],
    });
    expect(await acls.delete({ resourceName: 'orders' })).toEqual({ kind: 'deleted', acls: [] });
    expect(await acls.list({})).toEqual({ kind: 'acls', acls: [other] });
  });

  it('finishes a write whose answer was lost', async () => {
    const { acls } = newProcess();
    wire.fail('addAcls', 'after', 'before');
    expect(await acls.create([READ])).toEqual({ kind: 'created' });
    wire.fail('removeAcls', 'after');
    await acls.delete({});
    expect(await acls.list({})).toEqual({ kind: 'acls', acls: [] });
  });

  it('refuses more entries than every process is to hold', async () => {
    const { acls } = newProcess();
    const many = (count: number, name: string) =>
      Array.from({ length: count }, (_, number) => ({ ...READ, resourceName: `${name}${number}` }));
    await acls.create(many(19_999, 'a'));
    expect(await acls.create(many(2, 'b'))).toMatchObject({ code: 'POLICY_VIOLATION' });
    expect(await acls.create(many(1, 'b'))).toEqual({ kind: 'created' });
  });
});
