// Everything that there is, as one principal may use it: for a home that serves all in one process.

import type { InspectServices } from '../background/inspect-services.ts';
import type { GroupServices } from '../group/group-services.ts';
import type { Services } from '../services.ts';
import type { TransactionServices } from '../transactions/transaction-services.ts';
import type { Rights } from './access.ts';
import type { AclServices } from './acls.ts';
import { guardAclServices } from './guard-acls.ts';
import { guardGroupServices } from './guard-groups.ts';
import { guardInspectServices } from './guard-inspect.ts';
import { guardServices } from './guard-log.ts';
import { guardTransactionServices } from './guard-transactions.ts';

export type AllServices = Services &
  GroupServices &
  TransactionServices &
  InspectServices &
  AclServices;

export function guardAll(services: AllServices, rights: Rights): AllServices {
  return {
    ...guardServices(services, rights),
    ...guardGroupServices(services, rights),
    ...guardTransactionServices(services, rights),
    ...guardInspectServices(services, rights),
    ...guardAclServices(services, rights),
  };
}
