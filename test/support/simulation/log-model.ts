// What every partition must hold, worked out from the requests that took effect and from nothing else: no code of the
// log is asked. Offsets are numbers here.

import type { Page, TailEntry } from '../../../lib/log/partition.ts';
import { decodeBatches, type ReadBatch, type Sequence } from './batches.ts';
import type { StorageCall } from './calls.ts';
import type { Placed } from './observation.ts';

export interface PlacedBatch {
  readonly baseOffset: number;
  readonly values: readonly string[];
  readonly sequence: Sequence | undefined;
}

/** An entry of the tail or of a page, with its offsets. */
export interface PlacedEntry {
  readonly objectId: string;
  readonly baseOffset: number;
  readonly endOffset: number;
}

export class PartitionModel {
  readonly topicId: string;
  readonly partition: number;
  /** Values by offset. */
  readonly values: string[] = [];
  logStart = 0;
  /** Behind the last record that a producer was told of. */
  ackedEnd = 0;
  tailBase = 0;
  tail: readonly PlacedEntry[] = [];
  /** By base offset. */
  readonly pages = new Map<number, readonly PlacedEntry[]>();

  constructor(topicId: string, partition: number) {
    this.topicId = topicId;
    this.partition = partition;
  }

  get name(): string {
    return `${this.topicId.slice(0, 6)}/${this.partition}`;
  }

  get next(): number {
    return this.values.length;
  }
}

/** Somebody asked for this then. */
interface PlaceAsked {
  readonly topicName: string;
  readonly partition: number;
  readonly askedTick: number;
}

interface ValuesPlace {
  readonly topicName: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly values: readonly string[];
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
  /** WAL objects by their ids. */
  readonly objects = new Map<string, Uint8Array>();
  readonly #partitions = new Map<string, PartitionModel>();
  /** The first place of every value. */
  readonly #places = new Map<string, { partition: PartitionModel; offset: number }>();

  partition(key: { readonly topicId: string; readonly partition: number }): PartitionModel {
    const name = `${key.topicId}/${key.partition}`;
    const known = this.#partitions.get(name);
    if (known !== undefined) return known;
    const made = new PartitionModel(key.topicId, key.partition);
    this.#partitions.set(name, made);
    return made;
  }

  allPartitions(): Iterable<PartitionModel> {
    return this.#partitions.values();
  }

  placeOf(value: string) {
    return this.#places.get(value);
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
   * Where these values are, at this offset: what was sent again may be in a topic that is gone and in the one of the
   * same name that came after it, so the latest.
   */
  lifeHolding(place: ValuesPlace): TopicLife | undefined {
    const { topicName, partition, baseOffset, values } = place;
    return this.lives.findLast(({ name, topicId }) => {
      if (name !== topicName) return false;
      const model = this.partition({ topicId, partition });
      return values.every((value, index) => model.values[baseOffset + index] === value);
    });
  }

  /** Takes a request into account; what it placed, when it was an append. */
  apply(call: StorageCall, tick: number): Placed | undefined {
    switch (call.method) {
      case 'putObject':
        if (call.answer.kind === 'stored') {
          const [{ key, chunks }] = call.asked;
          this.objects.set(key.slice(key.lastIndexOf('/') + 1), Buffer.concat(chunks));
        }
        return undefined;
      case 'appendToHead': {
        const [{ partition, entries }] = call.asked;
        if (call.answer.kind !== 'appended') return undefined;
        return this.#place(this.partition(partition), entries, Number(call.answer.head.nextOffset));
      }
      default:
        this.#applyToIndex(call, tick);
        this.#applyToTopics(call, tick);
        return undefined;
    }
  }

  #applyToIndex(call: StorageCall, tick: number): void {
    switch (call.method) {
      case 'putPage': {
        const [key, page] = call.asked;
        if (call.answer.kind === 'stored') {
          this.partition(key).pages.set(Number(page.baseOffset), entriesOf(page));
        }
        return;
      }
      case 'trimTail': {
        const [{ partition, page }] = call.asked;
        if (call.answer !== 'trimmed') return;
        const model = this.partition(partition);
        model.tail = model.tail.slice(page.entries.length);
        model.tailBase = Number(page.endOffset);
        return;
      }
      case 'raiseLogStart': {
        const [key] = call.asked;
        if (call.answer.kind === 'raised') {
          this.partition(key).logStart = Number(call.answer.head.logStartOffset);
        }
        return;
      }
      case 'deleteHeads': {
        const [{ topicId }] = call.asked;
        const life = this.lives.find((one) => one.topicId === topicId);
        if (life !== undefined) life.goneTick ??= tick;
      }
    }
  }

  #applyToTopics(call: StorageCall, tick: number): void {
    if (call.method === 'createTopic' && call.answer === 'created') {
      const [{ name, topicId, partitionCount }] = call.asked;
      const counts = [{ tick, partitionCount }];
      this.lives.push({
        name,
        topicId,
        bornTick: tick,
        endsTick: undefined,
        goneTick: undefined,
        counts,
      });
    }
    if (call.method === 'updateTopic' && call.answer === 'updated') {
      const [topic] = call.asked;
      const life = this.lives.find(({ topicId }) => topicId === topic.topicId);
      if (topic.state === 'deleting' && life !== undefined) life.endsTick ??= tick;
      life?.counts.push({ tick, partitionCount: topic.partitionCount });
    }
  }

  #place(partition: PartitionModel, entries: readonly TailEntry[], answeredNext: number): Placed {
    const batches: PlacedBatch[] = [];
    const missing: string[] = [];
    for (const entry of entries) {
      const { objectId, recordCount } = entry;
      const read = this.#read(entry);
      if (read === undefined) missing.push(objectId);
      const baseOffset = partition.next;
      for (const batch of read ?? [unreadable(recordCount)]) {
        batches.push({ ...batch, baseOffset: partition.next });
        for (const value of batch.values) this.#push(partition, value);
      }
      const placed = { objectId, baseOffset, endOffset: partition.next };
      partition.tail = [...partition.tail, placed];
    }
    return { kind: 'placed', partition, batches, answeredNext, missing };
  }

  #push(partition: PartitionModel, value: string): void {
    const offset = partition.next;
    partition.values.push(value);
    if (!this.#places.has(value)) this.#places.set(value, { partition, offset });
  }

  #read(entry: TailEntry): readonly ReadBatch[] | undefined {
    const { objectId, positionBytes, lengthBytes } = entry;
    const bytes = this.objects.get(objectId);
    return bytes === undefined
      ? undefined
      : decodeBatches(bytes.subarray(positionBytes, positionBytes + lengthBytes));
  }
}

function entriesOf(page: Page): readonly PlacedEntry[] {
  let next = Number(page.baseOffset);
  return page.entries.map(({ objectId, recordCount }) => {
    const baseOffset = next;
    next += recordCount;
    return { objectId, baseOffset, endOffset: next };
  });
}

function unreadable(recordCount: number): ReadBatch {
  return { baseOffset: 0, values: new Array(recordCount).fill('?'), sequence: undefined };
}
