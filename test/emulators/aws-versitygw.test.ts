// The adapters against dynoxide (DynamoDB) and versitygw (S3, signatures checked).

import { describe } from 'vitest';
import { startDynoxide } from '../support/emulators/dynoxide.ts';
import { startVersitygw } from '../support/emulators/versitygw.ts';
import { storageContracts } from './storage-contracts.ts';

describe('the AWS adapters against dynoxide and versitygw', () => {
  storageContracts(async () => {
    const s3 = await startVersitygw();
    return { dynamodb: await startDynoxide(), s3 };
  });
});
