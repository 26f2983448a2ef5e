// Producers' ids and transactions as one principal may use them.

import { CLUSTER_NAME } from '../../access/acl.ts';
import { type Rejected, StratalogError } from '../../errors.ts';
import { notAttempted } from '../append/commit-to-heads.ts';
import type { ProducerService } from '../transactions/producers.ts';
import type { TransactionServices } from '../transactions/transaction-services.ts';
import type { TransactionService } from '../transactions/transactions.ts';
import type { Rights } from './access.ts';
import { firstRefusal } from './guard-parts.ts';

export function guardTransactionServices(
  services: TransactionServices,
  rights: Rights,
): TransactionServices {
  return {
    producers: guardProducers(services.producers, rights),
    transactions: guardTransactions(services.transactions, rights),
  };
}

/** Who may write to some topic may do it idempotently. */
function guardProducers(producers: ProducerService, rights: Rights): ProducerService {
  return {
    async initProducer() {
      const refusal = rights.mayAnywhere('WRITE', 'TOPIC')
        ? undefined
        : rights.refusal('IDEMPOTENT_WRITE', 'CLUSTER', CLUSTER_NAME);
      if (refusal !== undefined) throw new StratalogError(refusal.code, refusal.message);
      return producers.initProducer();
    },
  };
}

function guardTransactions(transactions: TransactionService, rights: Rights): TransactionService {
  const writeRefusal = ({ transactionalId }: { readonly transactionalId: string }) =>
    rights.refusal('WRITE', 'TRANSACTIONAL_ID', transactionalId);
  const topicRefusal = ({ topicName }: { readonly topicName: string }): Rejected | undefined =>
    rights.refusal('WRITE', 'TOPIC', topicName);
  return {
    init: async (request) => writeRefusal(request) ?? (await transactions.init(request)),
    async stage(request) {
      const refusal = writeRefusal(request);
      if (refusal !== undefined) return refusal;
      const { partitions } = request;
      if (partitions.every((part) => topicRefusal(part) === undefined)) {
        return transactions.stage(request);
      }
      const results = partitions.map(({ topicName, partition }) => ({
        ...(topicRefusal({ topicName }) ?? notAttempted()),
        topicName,
        partition,
      }));
      return { kind: 'partly-wrong', results };
    },
    async stageOffsets(request) {
      const refusal = firstRefusal([
        writeRefusal(request),
        rights.refusal('READ', 'GROUP', request.groupId),
        ...request.offsets.map(({ topicName }) => rights.refusal('READ', 'TOPIC', topicName)),
      ]);
      return refusal ?? (await transactions.stageOffsets(request));
    },
    end: async (request) => writeRefusal(request) ?? (await transactions.end(request)),
    describe: async (transactionalId) =>
      rights.refusal('DESCRIBE', 'TRANSACTIONAL_ID', transactionalId) ??
      (await transactions.describe(transactionalId)),
  };
}
