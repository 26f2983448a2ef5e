// Time, randomness and what is done later: the rest of what a service may ask of the world.

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Resolves after that many milliseconds, or at once when `signal` is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface RandomSource {
  randomBytes(count: number): Uint8Array;
}

/** One produce request that was acknowledged before it is stored (acks=0). At most ASYNC_REQUEST_BYTES_MAX. */
export interface LateAppend {
  /** The WAL object's ULID, made before it is handed over, so that a delivery that repeats meets the first one's object. */
  readonly objectId: string;
  readonly partitions: readonly {
    readonly topicName: string;
    readonly partition: number;
    readonly batches: Uint8Array;
  }[];
}

export interface Invoker {
  /** Hands over; resolves when it is queued. THROTTLED when the queue is full. */
  appendLater(request: LateAppend): Promise<void>;
}
