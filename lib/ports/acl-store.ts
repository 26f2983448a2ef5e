// Access lists as a storage keeps them. One method is one storage request.

import type { Acl } from '../access/acl.ts';

export interface AclStore {
  /** Raised by every change, so that who knows the entries of a version needs no look at them; 0: never changed. */
  readVersion(): Promise<number>;

  /** Entries, page after page, in no order. `after` is `next` of the page before; no `next`: this was the last page. */
  listAcls(request: {
    readonly after?: string;
    /** Of stored items, each of which may hold several entries. */
    readonly limit: number;
  }): Promise<{ readonly acls: readonly Acl[]; readonly next?: string }>;

  /** Adds entries and raises the version, all or nothing; those that are there stay. At most ACLS_PER_WRITE_MAX. */
  addAcls(acls: readonly Acl[]): Promise<void>;

  /** Removes entries and raises the version, all or nothing; those that aren't there don't matter. At most ACLS_PER_WRITE_MAX. */
  removeAcls(acls: readonly Acl[]): Promise<void>;

  /** Removes what is left in the storage of entries of this resource and principal when the last of them has gone. */
  sweepAcl(acl: Acl): Promise<void>;
}
