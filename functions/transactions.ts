// Producer ids, and transactions.

import { transactionRoutes } from '../lib/api/routes/transactions.ts';
import { httpHandler } from './shared/handler.ts';
import { createTransactionRuntime } from './shared/runtime.ts';

export const handler = httpHandler(transactionRoutes, createTransactionRuntime());
