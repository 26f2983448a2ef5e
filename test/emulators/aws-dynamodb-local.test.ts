// The adapters against DynamoDB Local, AWS's own, and versitygw.

import { describe } from 'vitest';
import { startDynamodbLocal } from '../support/emulators/dynamodb-local.ts';
import { startVersitygw } from '../support/emulators/versitygw.ts';
import { storageContracts } from './storage-contracts.ts';

describe('the AWS adapters against DynamoDB Local and versitygw', () => {
  storageContracts(async () => {
    const s3 = await startVersitygw();
    return { dynamodb: await startDynamodbLocal(), s3 };
  });
});
