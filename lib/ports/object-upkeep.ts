// What background jobs do to objects, and nobody else may: large uploads, listings, deletions. One method is one
// storage request. Failures as in partition-store.

export interface UploadPart {
  readonly key: string;
  readonly uploadId: string;
  /** From 1 on. */
  readonly partNumber: number;
  readonly bytes: Uint8Array;
}

/** A part that is stored; goes into `completeUpload`. */
export interface StoredPart {
  readonly partNumber: number;
  readonly tag: string;
}

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
}

export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly startedAtMs: number;
}

export interface ObjectUpkeep {
  /**
   * Begins an object that is made of parts of `partBytes` each (at least UPLOAD_PART_BYTES_MIN), the last one of at
   * most as many; it appears, whole, when the upload is completed. The upload's id.
   */
  beginUpload(upload: { readonly key: string; readonly partBytes: number }): Promise<string>;
  putPart(part: UploadPart): Promise<StoredPart>;
  /** Parts ascending. Durable before it answers. */
  completeUpload(upload: {
    readonly key: string;
    readonly uploadId: string;
    readonly parts: readonly StoredPart[];
  }): Promise<void>;
  /** Gives up what was not completed; fine when there is nothing of it. */
  abortUpload(upload: { readonly key: string; readonly uploadId: string }): Promise<void>;
  /** Uploads that were begun and neither completed nor aborted, below a prefix; at most 1,000. */
  listUploads(prefix: string): Promise<readonly UnfinishedUpload[]>;

  /** Objects below a prefix in the order of their keys, after `after`; at most `limit` (1,000). `next` goes into the next call. */
  listObjects(request: {
    readonly prefix: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly objects: readonly ListedObject[]; readonly next?: string }>;

  /** Names right below a prefix, up to the next slash: topics that have objects. At most 1,000, after `after`. */
  listFolders(request: {
    readonly prefix: string;
    readonly after?: string;
  }): Promise<{ readonly folders: readonly string[]; readonly next?: string }>;

  /** Deletes objects, at most OBJECTS_PER_DELETE_MAX; those that aren't there are fine. */
  deleteObjects(keys: readonly string[]): Promise<void>;
}
