// The adapters against MiniStack, for DynamoDB and S3, signatures checked.

import { describe } from 'vitest';
import { startMinistack } from '../support/emulators/ministack.ts';
import { storageContracts } from './storage-contracts.ts';

describe('the AWS adapters against MiniStack', () => {
  storageContracts(async () => ({ dynamodb: await startMinistack() }));
});
