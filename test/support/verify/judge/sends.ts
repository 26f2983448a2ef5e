// `durable`, `ordered`, `no-double-append`: what producers sent, and how it lies in the log.

import { recordId, type Send } from '../history.ts';
import { type Finding, finding } from './findings.ts';
import type { StoredIndex } from './stored-index.ts';

/** Every record that was acknowledged lies where its producer was told, once, and after what that sent before it. */
export function judgeSends(sends: readonly Send[], stored: StoredIndex): Finding[] {
  const found = sends.flatMap((send) => judgeSend(send, stored));
  const byProducer = Map.groupBy(
    sends.filter(({ outcome }) => outcome === 'done'),
    ({ writer, place }) => `${writer} ${place}`,
  );
  for (const own of byProducer.values()) found.push(...judgeOrder(own, stored));
  return found;
}

function judgeSend(send: Send, stored: StoredIndex): Finding[] {
  const found: Finding[] = [];
  for (let at = 0; at < send.count; at += 1) {
    const id = recordId(send.writer, send.first + at);
    const locations = stored.all(id);
    if (locations.length > 1) found.push(finding('doubled', `${id} at ${listOf(locations)}`));
    if (send.outcome !== 'done') continue;
    if (!stored.isIn(id, send.place)) {
      found.push(finding('lost', `${id} was acknowledged in ${send.place}`));
      continue;
    }
    const { baseOffset } = send;
    const isThere = locations.some(
      ({ place, offset }) => place === send.place && offset === (baseOffset ?? 0) + at,
    );
    if (baseOffset !== undefined && !isThere) {
      const told = `${send.place}@${baseOffset + at}`;
      found.push(finding('misplaced', `${id} at ${listOf(locations)}, not at ${told}`));
    }
  }
  return found;
}

/** A producer numbers its records in the order of its calls. */
function judgeOrder(sends: readonly Send[], stored: StoredIndex): Finding[] {
  const found: Finding[] = [];
  let last = { id: '', offset: -1 };
  for (const { writer, place, first, count } of sends.toSorted((a, b) => a.first - b.first)) {
    for (let number = first; number < first + count; number += 1) {
      const id = recordId(writer, number);
      const location = stored.all(id).find((one) => one.place === place);
      if (location === undefined) continue;
      if (location.offset <= last.offset) {
        found.push(
          finding(
            'reordered',
            `${id} at ${location.offset}, ${last.id} at ${last.offset} of ${place}`,
          ),
        );
      }
      last = { id, offset: location.offset };
    }
  }
  return found;
}

function listOf(locations: readonly { readonly place: string; readonly offset: number }[]): string {
  return locations.map(({ place, offset }) => `${place}@${offset}`).join(', ') || 'no offset';
}
