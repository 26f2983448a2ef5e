// The composition root of the function that manages access lists: apart, so that no other carries it.

import { createAccess } from '../../lib/service/access/access.ts';
import {
  type AclServices,
  createAclServices,
  noAclServices,
} from '../../lib/service/access/acls.ts';
import { guardAclServices } from '../../lib/service/access/guard-acls.ts';
import { accessRules, denialLog } from './access.ts';
import { guarded, logStoragePorts, type Runtime } from './runtime.ts';

export function createAclRuntime(): Runtime<AclServices> {
  const rules = accessRules();
  if (rules === undefined) return { services: noAclServices(), access: undefined };
  const ports = logStoragePorts();
  const access = createAccess(ports, rules, denialLog());
  return guarded(createAclServices(ports, access), access, guardAclServices);
}
