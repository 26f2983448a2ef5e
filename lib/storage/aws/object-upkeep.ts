// Large uploads, listings and deletions in S3. `client` makes exactly one attempt a call; any of these may be repeated.

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { assert, required } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import { OBJECTS_PER_DELETE_MAX, OBJECTS_PER_LIST_MAX } from '../../limits.ts';
import type { ObjectUpkeep } from '../../ports/object-upkeep.ts';
import { sent, storageFailure } from './errors.ts';

const NO_SUCH_UPLOAD = 'NoSuchUpload';

export function createObjectUpkeep(client: S3Client, bucket: string): ObjectUpkeep {
  return { ...uploads(client, bucket), ...listings(client, bucket) };
}

type Listings = Pick<ObjectUpkeep, 'listObjects' | 'listFolders' | 'deleteObjects'>;

function uploads(client: S3Client, bucket: string): Omit<ObjectUpkeep, keyof Listings> {
  /** Only asked when an upload is gone: was it completed? */
  const exists = async (key: string): Promise<boolean> => {
    try {
      await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFound') return false;
      throw storageFailure(error, 'HeadObject');
    }
  };

  return {
    async beginUpload({ key }) {
      const command = new CreateMultipartUploadCommand({ Bucket: bucket, Key: key });
      const answer = await sent('CreateMultipartUpload', client.send(command));
      return required(answer.UploadId, 'the id of an upload');
    },

    async putPart({ key, uploadId, partNumber, bytes }) {
      const command = new UploadPartCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: partNumber,
        Body: bytes,
        ContentLength: bytes.length,
      });
      const answer = await sent('UploadPart', client.send(command));
      return { partNumber, tag: required(answer.ETag, 'the tag of a part') };
    },

    async completeUpload({ key, uploadId, parts }) {
      const command = new CompleteMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: {
          Parts: parts.map(({ partNumber, tag }) => ({ PartNumber: partNumber, ETag: tag })),
        },
      });
      try {
        await client.send(command);
      } catch (error) {
        // An earlier try whose answer was lost has completed it.
        if (isNamed(error, NO_SUCH_UPLOAD) && (await exists(key))) return;
        throw storageFailure(error, 'CompleteMultipartUpload');
      }
    },

    async abortUpload({ key, uploadId }) {
      const command = new AbortMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
      });
      try {
        await client.send(command);
      } catch (error) {
        if (!isNamed(error, NO_SUCH_UPLOAD)) throw storageFailure(error, 'AbortMultipartUpload');
      }
    },

    async listUploads(prefix) {
      const command = new ListMultipartUploadsCommand({
        Bucket: bucket,
        Prefix: prefix,
        MaxUploads: OBJECTS_PER_LIST_MAX,
      });
      const answer = await sent('ListMultipartUploads', client.send(command));
      return (answer.Uploads ?? []).map((upload) => ({
        key: required(upload.Key, 'the key of an upload'),
        uploadId: required(upload.UploadId, 'the id of an upload'),
        startedAtMs: required(upload.Initiated, 'the time of an upload').getTime(),
      }));
    },
  };
}

function listings(client: S3Client, bucket: string): Listings {
  return {
    async listObjects({ prefix, after, limit }) {
      assert(limit <= OBJECTS_PER_LIST_MAX, `one request lists at most ${OBJECTS_PER_LIST_MAX}`);
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: limit,
        ...(after === undefined ? {} : { StartAfter: after }),
      });
      const answer = await sent('ListObjectsV2', client.send(command));
      const objects = (answer.Contents ?? []).map((object) => ({
        key: required(object.Key, 'the key of an object'),
        sizeBytes: object.Size ?? 0,
      }));
      const last = objects.at(-1);
      return answer.IsTruncated === true && last !== undefined
        ? { objects, next: last.key }
        : { objects };
    },

    async listFolders({ prefix, after }) {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: '/',
        MaxKeys: OBJECTS_PER_LIST_MAX,
        ...(after === undefined ? {} : { ContinuationToken: after }),
      });
      const answer = await sent('ListObjectsV2', client.send(command));
      const folders = (answer.CommonPrefixes ?? []).map(({ Prefix: folder }) =>
        required(folder, 'a folder').slice(prefix.length, -1),
      );
      const next = answer.NextContinuationToken;
      return next === undefined ? { folders } : { folders, next };
    },

    async deleteObjects(keys) {
      if (keys.length === 0) return;
      assert(
        keys.length <= OBJECTS_PER_DELETE_MAX,
        `one request deletes at most ${OBJECTS_PER_DELETE_MAX} objects`,
      );
      const command = new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: keys.map((key) => ({ Key: key })), Quiet: true },
      });
      const answer = await sent('DeleteObjects', client.send(command));
      const [failed] = answer.Errors ?? [];
      if (failed === undefined) return;
      const left = answer.Errors?.length ?? 0;
      throw new StratalogError(
        'STORAGE_UNAVAILABLE',
        `${left} of ${keys.length} objects could not be deleted (${failed.Code ?? 'no reason given'})`,
        { effect: 'unknown' },
      );
    },
  };
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
