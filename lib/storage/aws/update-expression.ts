// Updates of items written down as what changes and on which clauses, turned into DynamoDB's expressions: every
// attribute name gets a placeholder, so that none of them can be a reserved word.

import type { Item } from './attributes.ts';

export interface ItemUpdate {
  readonly set?: Readonly<Record<string, Item[string]>>;
  /** By attribute: an expression over `#attribute` and `:value` placeholders. */
  readonly compute?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** Each a condition over `#attribute` and `:value` placeholders; all must hold. */
  readonly clauses: readonly string[];
  /** The values of `compute` and `clauses`, by placeholder without its colon. */
  readonly values?: Readonly<Record<string, Item[string]>>;
}

/** DynamoDB takes no empty list of values, so that it is left out. */
export interface ConditionExpressions {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, Item[string]>;
}

export interface UpdateExpressions extends ConditionExpressions {
  readonly UpdateExpression: string;
}

const NAME = /#([A-Za-z]+)/g;

export function updateExpressions(update: ItemUpdate): UpdateExpressions {
  const set = update.set ?? {};
  const assignments = [
    ...Object.keys(set).map((name) => `#${name} = :set_${name}`),
    ...Object.entries(update.compute ?? {}).map(([name, expression]) => `#${name} = ${expression}`),
  ];
  const remove = (update.remove ?? []).map((name) => `#${name}`);
  const change = [
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
  ].join(' ');
  const condition = joined(update.clauses);
  return {
    UpdateExpression: change,
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(`${change} ${condition}`),
    ...values({ ...prefixed(':set_', set), ...prefixed(':', update.values ?? {}) }),
  };
}

/** The condition alone, for puts, deletes and checks. */
export function conditionExpressions(
  update: Pick<ItemUpdate, 'clauses' | 'values'>,
): ConditionExpressions {
  const condition = joined(update.clauses);
  return {
    ConditionExpression: condition,
    ExpressionAttributeNames: namesIn(condition),
    ...values(prefixed(':', update.values ?? {})),
  };
}

function joined(clauses: readonly string[]): string {
  return clauses.map((clause) => `(${clause})`).join(' AND ');
}

function namesIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(NAME)].map(([name, attribute = '']) => [name, attribute]),
  );
}

function prefixed(
  prefix: string,
  byName: Readonly<Record<string, Item[string]>>,
): Record<string, Item[string]> {
  return Object.fromEntries(Object.entries(byName).map(([name, value]) => [prefix + name, value]));
}

function values(byPlaceholder: Record<string, Item[string]>) {
  return Object.keys(byPlaceholder).length === 0
    ? {}
    : { ExpressionAttributeValues: byPlaceholder };
}
