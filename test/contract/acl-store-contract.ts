// What every AclStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Acl } from '../../lib/access/acl.ts';
import { ACLS_PER_LIST_PAGE_MAX, ACLS_PER_WRITE_MAX } from '../../lib/limits.ts';
import type { AclStore } from '../../lib/ports/acl-store.ts';
import { numbersTo } from './contract-values.ts';

/** A store in which nothing is. */
export type MakeAclStore = () => Promise<AclStore>;

const READ_ORDERS: Acl = {
  resourceType: 'TOPIC',
  patternType: 'LITERAL',
  resourceName: 'orders',
  principal: 'User:alice',
  operation: 'READ',
  permission: 'ALLOW',
};
const PAGES_MAX = 100;

async function all(store: AclStore, limit: number = ACLS_PER_LIST_PAGE_MAX): Promise<Acl[]> {
  const found: Acl[] = [];
  let after: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await store.listAcls({ limit, ...(after === undefined ? {} : { after }) });
    found.push(...listed.acls);
    after = listed.next;
    if (after === undefined) return found;
  }
  throw new Error('the pages have no end');
}

const sorted = (acls: readonly Acl[]): Acl[] =>
  acls.toSorted((left, right) =>
    JSON.stringify(Object.entries(left).sort()) < JSON.stringify(Object.entries(right).sort())
      ? -1
      : 1,
  );

export function aclStoreContract(makeStore: MakeAclStore): void {
  let store: AclStore;

  beforeEach(async () => {
    store = await makeStore();
  });

  describe('addAcls', () => {
    it('keeps entries that differ in any part apart', async () => {
      const acls: Acl[] = [
        READ_ORDERS,
        { ...READ_ORDERS, resourceType: 'GROUP' },
        { ...READ_ORDERS, patternType: 'PREFIXED' },
        { ...READ_ORDERS, resourceName: 'orders-eu' },
        { ...READ_ORDERS, principal: 'User:*' },
        { ...READ_ORDERS, operation: 'WRITE' },
        { ...READ_ORDERS, permission: 'DENY' },
      ];
      await store.addAcls(acls);
      expect(sorted(await all(store))).toEqual(sorted(acls));
    });

    it('keeps names as they are, whatever is in them', async () => {
      const names = ['*', 'a#b', '#LITERAL#', 'größe 🐦', "it's", ' ', 'VERSION', 'x'.repeat(255)];
      const acls = names.map(
        (resourceName): Acl => ({ ...READ_ORDERS, resourceType: 'GROUP', resourceName }),
      );
      const principal = `User:${'é|#"'.repeat(199)}`;
      await store.addAcls([...acls, { ...READ_ORDERS, principal }]);
      expect(sorted(await all(store))).toEqual(sorted([...acls, { ...READ_ORDERS, principal }]));
    });

    it('adds to what is there, and takes an entry twice for one', async () => {
      await store.addAcls([READ_ORDERS, READ_ORDERS]);
      await store.addAcls([READ_ORDERS, { ...READ_ORDERS, operation: 'WRITE' }]);
      expect(await all(store)).toHaveLength(2);
    });

    it('loses none of 20 that come at once', async () => {
      const ofOne = numbersTo(20).map(
        (number): Acl => ({
          ...READ_ORDERS,
          resourceName: `t${number % 4}`,
          principal: `User:u${number}`,
        }),
      );
      await Promise.all(ofOne.map((acl) => retried(() => store.addAcls([acl]))));
      expect(sorted(await all(store))).toEqual(sorted(ofOne));
    });

    it('takes as many as the limit, and not one more', async () => {
      const many = numbersTo(ACLS_PER_WRITE_MAX).map(
        (number): Acl => ({ ...READ_ORDERS, resourceName: `t${number}` }),
      );
      await store.addAcls(many);
      expect(sorted(await all(store))).toEqual(sorted(many));
      await expect(store.addAcls([...many, READ_ORDERS])).rejects.toThrow('assertion failed');
      await expect(store.addAcls([])).rejects.toThrow('assertion failed');
    });
  });

  describe('removeAcls', () => {
    it('removes exactly what it names', async () => {
      const kept: Acl[] = [
        { ...READ_ORDERS, operation: 'WRITE' },
        { ...READ_ORDERS, permission: 'DENY' },
        { ...READ_ORDERS, patternType: 'PREFIXED' },
      ];
      await store.addAcls([READ_ORDERS, ...kept]);
      await store.removeAcls([READ_ORDERS]);
      expect(sorted(await all(store))).toEqual(sorted(kept));
    });

    it('does not mind what is not there', async () => {
      await store.removeAcls([READ_ORDERS]);
      expect(await all(store)).toEqual([]);
      await store.addAcls([READ_ORDERS]);
      expect(await all(store)).toEqual([READ_ORDERS]);
    });
  });

  describe('sweepAcl', () => {
    it('leaves what still says something, and lets what was removed come again', async () => {
      await store.addAcls([READ_ORDERS, { ...READ_ORDERS, operation: 'WRITE' }]);
      await store.removeAcls([READ_ORDERS]);
      await store.sweepAcl(READ_ORDERS);
      expect(await all(store)).toEqual([{ ...READ_ORDERS, operation: 'WRITE' }]);
      await store.removeAcls([{ ...READ_ORDERS, operation: 'WRITE' }]);
      await store.sweepAcl(READ_ORDERS);
      await store.sweepAcl(READ_ORDERS);
      expect(await all(store)).toEqual([]);
      await store.addAcls([READ_ORDERS]);
      expect(await all(store)).toEqual([READ_ORDERS]);
    });
  });

  describe('readVersion', () => {
    it('is 0 at first, rises with every change, and is nothing that is listed', async () => {
      expect(await store.readVersion()).toBe(0);
      await store.addAcls([READ_ORDERS]);
      const first = await store.readVersion();
      await store.removeAcls([READ_ORDERS]);
      const second = await store.readVersion();
      expect([first > 0, second > first]).toEqual([true, true]);
      expect(await all(store)).toEqual([]);
      expect(await store.readVersion()).toBe(second);
    });
  });

  describe('listAcls', () => {
    it('gives everything once, in pages of any size', async () => {
      const acls = numbersTo(7).map(
        (number): Acl => ({ ...READ_ORDERS, resourceName: `t${number}` }),
      );
      await store.addAcls(acls);
      for (const limit of [1, 2, 7, 8]) {
        expect(sorted(await all(store, limit))).toEqual(sorted(acls));
      }
    });

    it('takes a page of at least one item and no more than the limit', async () => {
      await expect(store.listAcls({ limit: 0 })).rejects.toThrow('assertion failed');
      const tooMany = store.listAcls({ limit: ACLS_PER_LIST_PAGE_MAX + 1 });
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });
}

/** Transactions of one item, the version, may meet. */
async function retried(write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}
