// DynamoDB's typed values, read and written strictly: an attribute that is missing or of another type was not written
// by us, so it is a bug and not a default. Offsets travel as text, because they exceed what a JSON number holds.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { required } from '../../assert.ts';

export type Item = Readonly<Record<string, AttributeValue>>;

export function textValue(text: string): AttributeValue.SMember {
  return { S: text };
}

export function numberValue(value: number | bigint): AttributeValue.NMember {
  return { N: value.toString() };
}

export function bytesValue(bytes: Uint8Array): AttributeValue.BMember {
  return { B: bytes };
}

export function readText(item: Item, name: string): string {
  return required(item[name]?.S, `attribute "${name}" of type S`);
}

export function readNumber(item: Item, name: string): number {
  return Number(required(item[name]?.N, `attribute "${name}" of type N`));
}

export function readBigint(item: Item, name: string): bigint {
  return BigInt(required(item[name]?.N, `attribute "${name}" of type N`));
}

export function readOptionalText(item: Item, name: string): string | undefined {
  return item[name] === undefined ? undefined : readText(item, name);
}

export function readOptionalNumber(item: Item, name: string): number | undefined {
  return item[name] === undefined ? undefined : readNumber(item, name);
}

export function readBytes(item: Item, name: string): Uint8Array {
  return required(item[name]?.B, `attribute "${name}" of type B`);
}

export function readBytesList(item: Item, name: string): Uint8Array[] {
  const list = required(item[name]?.L, `attribute "${name}" of type L`);
  return list.map((value) => required(value.B, `element of "${name}" of type B`));
}

export function readMap(item: Item, name: string): Item {
  return required(item[name]?.M, `attribute "${name}" of type M`);
}
