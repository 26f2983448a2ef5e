// Producers that are known by an id.

import * as z from 'zod';
import type { TransactionServices } from '../../service/transaction-services.ts';
import { type Route, transactionRoute } from '../operation.ts';

const initialized = z
  .object({
    producer_id: z.int().describe('Exact up to 2^53'),
    producer_epoch: z.int(),
  })
  .meta({ id: 'ProducerId' });

export const transactionRoutes: readonly Route<TransactionServices>[] = [
  transactionRoute(
    {
      id: 'initProducer',
      method: 'post',
      path: '/producers',
      function: 'transactions',
      summary: 'Take a producer id, for batches that are appended once however often they are sent',
      body: z.strictObject({}).meta({ id: 'InitProducerRequest' }),
      answers: { 200: { description: 'An id that nobody had', schema: initialized } },
      errors: [401, 403, 413, 415],
    },
    async (_call, { producers }) => {
      const { producerId, producerEpoch } = await producers.initProducer();
      return {
        status: 200,
        json: { producer_id: Number(producerId), producer_epoch: producerEpoch },
      };
    },
  ),
];
