// Regular expressions over topic names, matched in time linear in the name: whatever a member subscribes to, it can't
// stall the process that serves everybody (which backtracking engines, JavaScript's too, allow: `(a+)+b`). So this is
// the regular part of the usual syntax, as RE2 has it, matched against the whole name:
//
//   alternation := sequence *("|" sequence)         sequence := *(atom [quantifier])
//   atom        := character | "." | class | escape | "(" ["?:"] alternation ")" | "^" | "$"
//   quantifier  := ("*" | "+" | "?" | "{" min ["," [max]] "}") ["?"]
//   class       := "[" ["^"] 1*(character ["-" character] | escape) "]"
//   escape      := "\" (d | D | w | W | s | S | any character that isn't a letter or a digit)
//
// Back references and look-around aren't regular, and refused.

import { assert, required } from '../assert.ts';
import { type Rejected, rejected } from '../errors.ts';
import { TOPIC_REGEX_CHARACTERS_MAX, TOPIC_REGEX_STATES_MAX } from '../limits.ts';

type CharacterTest = (character: string) => boolean;

type Node =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'either'; readonly nodes: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly node: Node;
      readonly min: number;
      /** Infinity: without end. */
      readonly max: number;
    };

/** A state of the automaton; `next` are indexes. */
type State =
  | { readonly kind: 'character'; readonly test: CharacterTest; readonly next: number }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'match' };

/** What is wrong with a pattern; never leaves this file. */
class PatternProblem extends Error {}

const ESCAPED_CLASSES: Readonly<Record<string, RegExp>> = {
  d: /^[0-9]$/,
  D: /^[^0-9]$/,
  w: /^[A-Za-z0-9_]$/,
  W: /^[^A-Za-z0-9_]$/,
  s: /^\s$/,
  S: /^\S$/,
};

/** Reads a pattern of at most TOPIC_REGEX_CHARACTERS_MAX characters; refused with INVALID_REGULAR_EXPRESSION. */
export function parseTopicRegex(
  pattern: string,
): { readonly kind: 'parsed'; readonly matches: (name: string) => boolean } | Rejected {
  if (pattern === '' || pattern.length > TOPIC_REGEX_CHARACTERS_MAX) {
    return rejected(
      'INVALID_REGULAR_EXPRESSION',
      `a topic regex has 1 to ${TOPIC_REGEX_CHARACTERS_MAX} characters, not ${pattern.length}`,
    );
  }
  try {
    const { states, first } = automatonOf(new PatternReader(pattern).readWhole());
    return { kind: 'parsed', matches: (name) => runAutomaton(states, first, name) };
  } catch (problem) {
    if (!(problem instanceof PatternProblem)) throw problem;
    return rejected('INVALID_REGULAR_EXPRESSION', `topic regex "${pattern}": ${problem.message}`);
  }
}

class PatternReader {
  readonly #pattern: string;
  #position = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  readWhole(): Node {
    const node = this.#readAlternation();
    if (this.#position < this.#pattern.length) throw this.#problem('")" without "("');
    return node;
  }

  #readAlternation(): Node {
    const nodes = [this.#readSequence()];
    while (this.#take('|')) nodes.push(this.#readSequence());
    return { kind: 'either', nodes };
  }

  #readSequence(): Node {
    const nodes: Node[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; ) {
      nodes.push(this.#readQuantified());
      next = this.#peek();
    }
    return { kind: 'sequence', nodes };
  }

  #readQuantified(): Node {
    const node = this.#readAtom();
    const bounds = this.#readQuantifier();
    if (bounds === undefined) return node;
    this.#take('?');
    return { kind: 'repeat', node, ...bounds };
  }

  #readQuantifier(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return undefined;
    const match = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(this.#pattern.slice(this.#position));
    if (match === null) throw this.#problem('"{" is not a count such as {2,5}');
    this.#position += match[0].length;
    const min = Number(match[1]);
    if (match[2] === undefined) return { min, max: min };
    const max = match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (max < min) throw this.#problem('a count whose end is below its start');
    return { min, max };
  }

  #readAtom(): Node {
    const next = this.#next();
    switch (next) {
      case '.':
        return { kind: 'character', test: () => true };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '(':
        return this.#readGroup();
      case '[':
        return { kind: 'character', test: this.#readClass() };
      case '\\':
        return { kind: 'character', test: this.#readEscape() };
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#problem(`nothing for "${next}" to repeat`);
      default:
        return { kind: 'character', test: (character) => character === next };
    }
  }

  #readGroup(): Node {
    if (this.#take('?') && !this.#take(':')) {
      throw this.#problem('of the groups that begin with "(?" only "(?:" is understood');
    }
    const node = this.#readAlternation();
    if (!this.#take(')')) throw this.#problem('"(" without ")"');
    return node;
  }

  #readClass(): CharacterTest {
    const negated = this.#take('^');
    const tests: CharacterTest[] = [];
    do {
      tests.push(this.#readClassItem());
    } while (this.#peek() !== ']');
    this.#position += 1;
    return (character) => tests.some((test) => test(character)) !== negated;
  }

  #readClassItem(): CharacterTest {
    const first = this.#next();
    if (first === '\\') return this.#readEscape();
    const isRange = this.#peek() === '-' && this.#pattern[this.#position + 1] !== ']';
    if (!isRange) return (character) => character === first;
    this.#position += 1;
    const last = this.#next();
    if (last === '\\' || last < first) throw this.#problem(`"${first}-${last}" is not a range`);
    return (character) => character >= first && character <= last;
  }

  #readEscape(): CharacterTest {
    const escaped = this.#next();
    const named = ESCAPED_CLASSES[escaped];
    if (named !== undefined) return (character) => named.test(character);
    if (/^[A-Za-z0-9]$/.test(escaped)) throw this.#problem(`"\\${escaped}" is not understood`);
    return (character) => character === escaped;
  }

  #peek(): string | undefined {
    return this.#pattern[this.#position];
  }

  #next(): string {
    const character = this.#peek();
    if (character === undefined) throw this.#problem('it ends too early');
    this.#position += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#position += 1;
    return true;
  }

  #problem(what: string): PatternProblem {
    return new PatternProblem(`${what}, at character ${this.#position}`);
  }
}

/** Thompson's construction, from the end to the beginning. */
function automatonOf(tree: Node): { states: readonly State[]; first: number } {
  const states: State[] = [{ kind: 'match' }];
  const add = (state: State): number => {
    if (states.length >= TOPIC_REGEX_STATES_MAX) {
      throw new PatternProblem('its counts make it too large');
    }
    return states.push(state) - 1;
  };
  const build = (node: Node, next: number): number => {
    switch (node.kind) {
      case 'character':
        return add({ kind: 'character', test: node.test, next });
      case 'start':
      case 'end':
        return add({ kind: node.kind, next });
      case 'sequence':
        return node.nodes.reduceRight((after, part) => build(part, after), next);
      case 'either':
        return add({ kind: 'split', next: node.nodes.map((part) => build(part, next)) });
      case 'repeat': {
        let after = next;
        if (node.max === Number.POSITIVE_INFINITY) {
          after = add({ kind: 'split', next: [next] });
          states[after] = { kind: 'split', next: [build(node.node, after), next] };
        } else {
          for (let count = node.min; count < node.max; count += 1) {
            after = add({ kind: 'split', next: [build(node.node, after), next] });
          }
        }
        for (let count = 0; count < node.min; count += 1) after = build(node.node, after);
        return after;
      }
    }
  };
  const first = build(tree, 0);
  assert(first < states.length, 'the first state exists');
  return { states, first };
}

/** Walks all ways through the automaton at once, so each character costs at most one visit of each state. */
function runAutomaton(states: readonly State[], first: number, name: string): boolean {
  let current = reach(states, [first], { atStart: true, atEnd: name.length === 0 });
  for (let position = 0; position < name.length; position += 1) {
    const character = name.charAt(position);
    const next: number[] = [];
    for (const index of current) {
      const state = required(states[index], 'state');
      if (state.kind === 'character' && state.test(character)) next.push(state.next);
    }
    current = reach(states, next, { atStart: false, atEnd: position + 1 === name.length });
  }
  return current.has(0);
}

/** All states that can be reached without a character. */
function reach(
  states: readonly State[],
  from: readonly number[],
  place: { readonly atStart: boolean; readonly atEnd: boolean },
): ReadonlySet<number> {
  const reached = new Set<number>();
  const waiting = [...from];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const state = required(states[index], 'state');
    if (state.kind === 'split') waiting.push(...state.next);
    if (state.kind === 'start' && place.atStart) waiting.push(state.next);
    if (state.kind === 'end' && place.atEnd) waiting.push(state.next);
  }
  return reached;
}
