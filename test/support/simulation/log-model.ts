// What every partition must hold, worked out from the requests that took effect and from nothing else: no code of the
// log is asked, but for the decoding of batches. Offsets are numbers here.

import type { TailEntry } from '../../../lib/log/partition.ts';
import { decodeBatches, type ReadBatch, type Sequence } from './batches.ts';
import type { StorageCall } from './calls.ts';
import type { Placed } from './observation.ts';
import { PartitionModel } from './partition-model.ts';

export interface PlacedBatch {
  readonly baseOffset: number;
  readonly ids: readonly string[];
  readonly sequence: Sequence | undefined;
}

/** Somebody asked for this then. */
interface PlaceAsked {
  readonly topicName: string;
  readonly partition: number;
  readonly askedTick: number;
}

interface Append {
  readonly partition: { readonly topicId: string; readonly partition: number };
  readonly entries: readonly TailEntry[];
}

interface RecordsPlace {
  readonly topicName: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly ids: readonly string[];
}

/** From a topic's creation to its deletion. */
export interface TopicLife {
  readonly name: string;
  readonly topicId: string;
  readonly bornTick: number;
  /** Marked for deletion. */
  endsTick: number | undefined;
  /** Its heads were removed. */
  goneTick: number | undefined;
  /** How many partitions it has, since when. */
  readonly counts: { readonly tick: number; readonly partitionCount: number }[];
}

export class LogModel {
  readonly lives: TopicLife[] = [];
  /** By key. */
  readonly objects = new Map<string, Uint8Array>();
  readonly #keysByObjectId = new Map<string, string>();
  readonly #parts = new Map<string, Map<number, Uint8Array>>();
  readonly #partitions = new Map<string, PartitionModel>();
  /** The first place of every record. */
  readonly #places = new Map<string, { partition: PartitionModel; offset: number }>();

  partition(key: { readonly topicId: string; readonly partition: number }): PartitionModel {
    const name = `${key.topicId}/${key.partition}`;
    const known = this.#partitions.get(name);
    if (known !== undefined) return known;
    const made = new PartitionModel(key.topicId, key.partition);
    this.#partitions.set(name, made);
    return made;
  }

  /** Those of topics that are there. */
  alivePartitions(): readonly PartitionModel[] {
    const alive = new Set(
      this.lives.flatMap(({ topicId, goneTick }) => (goneTick === undefined ? [topicId] : [])),
    );
    return [...this.#partitions.values()].filter(({ topicId }) => alive.has(topicId));
  }

  placeOf(id: string) {
    return this.#places.get(id);
  }

  /** The topics of that name that were there at some time between these ticks. */
  livesDuring(name: string, fromTick: number, toTick: number): readonly TopicLife[] {
    return this.lives.filter(
      (life) =>
        life.name === name &&
        life.bornTick <= toTick &&
        (life.goneTick === undefined || life.goneTick >= fromTick),
    );
  }

  /** The one topic of that name that was there all the time; undefined when that isn't so. */
  lifeThrough(name: string, fromTick: number, toTick: number): TopicLife | undefined {
    const lives = this.livesDuring(name, fromTick, toTick);
    const [life] = lives;
    const isWhole = life !== undefined && life.bornTick < fromTick && life.endsTick === undefined;
    return isWhole && lives.length === 1 ? life : undefined;
  }

  /** The partition of the one topic of that name, when both were there all the time. */
  partitionThrough(
    { topicName, partition, askedTick }: PlaceAsked,
    toTick: number,
  ): PartitionModel | undefined {
    const life = this.lifeThrough(topicName, askedTick, toTick);
    const known = life?.counts.filter(({ tick }) => tick < askedTick).at(-1);
    if (life === undefined || (known?.partitionCount ?? 0) <= partition) return undefined;
    return this.partition({ topicId: life.topicId, partition });
  }

  /**
   * Where these records are, at this offset: what was sent again may be in a topic that is gone and in the one of the
   * same name that came after it, so the latest.
   */
  lifeHolding(place: RecordsPlace): TopicLife | undefined {
    const { topicName, partition, baseOffset, ids } = place;
    return this.lives.findLast(({ name, topicId }) => {
      if (name !== topicName) return false;
      const model = this.partition({ topicId, partition });
      return ids.every((id, index) => model.ids[baseOffset + index] === id);
    });
  }

  /** Takes a request into account; what it placed, partition by partition. */
  apply(call: StorageCall, tick: number): readonly Placed[] {
    this.#applyToObjects(call);
    this.#applyToTopics(call, tick);
    switch (call.method) {
      case 'appendToHead': {
        if (call.answer.kind !== 'appended') return [];
        return [this.#place(call.asked[0], Number(call.answer.head.nextOffset))];
      }
      case 'appendToHeads':
        if (call.answer.kind !== 'appended') return [];
        return call.asked[0].map((append) => this.#place(append));
      case 'commitTransaction':
        if (call.answer.kind !== 'committed') return [];
        return call.asked[0].appends.map((append) => this.#place(append));
      default:
        applyToIndex(this, call);
        return [];
    }
  }

  #applyToObjects(call: StorageCall): void {
    switch (call.method) {
      case 'putObject': {
        const [{ key, chunks }] = call.asked;
        if (call.answer.kind === 'stored') this.#keep(key, Buffer.concat(chunks));
        return;
      }
      case 'putPart': {
        const [{ uploadId, partNumber, bytes }] = call.asked;
        const parts = this.#parts.get(uploadId) ?? new Map<number, Uint8Array>();
        this.#parts.set(uploadId, parts.set(partNumber, Uint8Array.from(bytes)));
        return;
      }
      case 'completeUpload': {
        const [{ key, uploadId, parts }] = call.asked;
        const stored = this.#parts.get(uploadId);
        const bytes = parts.map(({ partNumber }) => stored?.get(partNumber) ?? new Uint8Array());
        this.#keep(key, Buffer.concat(bytes));
        return;
      }
      case 'deleteObjects':
        for (const key of call.asked[0]) this.objects.delete(key);
    }
  }

  #keep(key: string, bytes: Uint8Array): void {
    this.objects.set(key, bytes);
    if (key.startsWith('wal/')) this.#keysByObjectId.set(key.slice(key.lastIndexOf('/') + 1), key);
  }

  #applyToTopics(call: StorageCall, tick: number): void {
    if (call.method === 'createTopic' && call.answer === 'created') {
      const [{ name, topicId, partitionCount }] = call.asked;
      const counts = [{ tick, partitionCount }];
      const ends = { endsTick: undefined, goneTick: undefined };
      this.lives.push({ name, topicId, bornTick: tick, ...ends, counts });
    }
    if (call.method === 'updateTopic' && call.answer === 'updated') {
      const [topic] = call.asked;
      const life = this.#lifeOf(topic.topicId);
      if (topic.state === 'deleting' && life !== undefined) life.endsTick ??= tick;
      life?.counts.push({ tick, partitionCount: topic.partitionCount });
    }
    if (call.method === 'deleteHeads') {
      const life = this.#lifeOf(call.asked[0].topicId);
      if (life !== undefined) life.goneTick ??= tick;
    }
  }

  #lifeOf(topicId: string): TopicLife | undefined {
    return this.lives.find((life) => life.topicId === topicId);
  }

  #place({ partition: key, entries }: Append, answeredNext?: number): Placed {
    const partition = this.partition(key);
    const batches: PlacedBatch[] = [];
    const missing: string[] = [];
    for (const entry of entries) {
      const { objectId, recordCount } = entry;
      const read = this.#read(entry);
      if (read === undefined) missing.push(objectId);
      const baseOffset = partition.next;
      for (const { records, sequence } of read ?? [unreadable(recordCount)]) {
        const ids = records.map(({ id }) => id);
        batches.push({ baseOffset: partition.next, ids, sequence });
        for (const id of ids) this.#push(partition, id);
      }
      const placed = { objectId, baseOffset, endOffset: partition.next };
      partition.tail = [...partition.tail, placed];
    }
    return { kind: 'placed', partition, batches, answeredNext, missing };
  }

  #push(partition: PartitionModel, id: string): void {
    const offset = partition.next;
    partition.ids.push(id);
    if (!this.#places.has(id)) this.#places.set(id, { partition, offset });
  }

  #read({ objectId, positionBytes, lengthBytes }: TailEntry): readonly ReadBatch[] | undefined {
    const bytes = this.objects.get(this.#keysByObjectId.get(objectId) ?? '');
    return bytes === undefined
      ? undefined
      : decodeBatches(bytes.subarray(positionBytes, positionBytes + lengthBytes));
  }
}

/** The requests that change what the index says of one partition. */
function applyToIndex(log: LogModel, call: StorageCall): void {
  switch (call.method) {
    case 'putPage':
      if (call.answer.kind === 'stored') log.partition(call.asked[0]).putPage(call.asked[1]);
      return;
    case 'trimTail': {
      const [{ partition, page }] = call.asked;
      if (call.answer === 'trimmed') log.partition(partition).trim(page);
      return;
    }
    case 'raiseLogStart':
      if (call.answer.kind === 'raised') {
        log.partition(call.asked[0]).logStart = Number(call.answer.head.logStartOffset);
      }
      return;
    case 'commitSegment':
      if (call.answer === 'committed') log.partition(call.asked[0]).putSegment(call.asked[1]);
      return;
    case 'skipTo':
      if (call.answer === 'moved')
        log.partition(call.asked[0]).segmentedTo = Number(call.asked[1].to);
      return;
    case 'replaceSegments': {
      const [{ partition, replaced, by }] = call.asked;
      if (call.answer === 'replaced') log.partition(partition).replaceSegments(replaced, by);
      return;
    }
    case 'deletePages': {
      const [partition, baseOffsets] = call.asked;
      for (const offset of baseOffsets) log.partition(partition).pages.delete(Number(offset));
    }
  }
}

function unreadable(recordCount: number): ReadBatch {
  const record = { offset: 0, id: '?' };
  return { records: new Array<typeof record>(recordCount).fill(record), sequence: undefined };
}
