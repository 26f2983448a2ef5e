// What a member subscribes to, and which topics that is.

import { type Rejected, rejected } from '../errors.ts';
import { topicNameProblem } from '../ids.ts';
import { SUBSCRIBED_TOPICS_MAX } from '../limits.ts';
import type { Subscription } from './member.ts';
import { parseTopicRegex } from './topic-regex.ts';

export interface SubscriptionRequest {
  readonly topicNames?: readonly string[] | undefined;
  readonly topicRegex?: string | undefined;
}

/**
 * Checks a subscription. Refused: none at all and too many topics (INVALID_REQUEST), a name that no topic can have
 * (INVALID_TOPIC_EXCEPTION), an expression that isn't understood (INVALID_REGULAR_EXPRESSION).
 */
export function parseSubscription(
  request: SubscriptionRequest,
): { readonly kind: 'parsed'; readonly subscription: Subscription } | Rejected {
  const topicNames = [...new Set(request.topicNames ?? [])].sort();
  const { topicRegex } = request;
  if (topicNames.length === 0 && topicRegex === undefined) {
    return rejected('INVALID_REQUEST', 'subscribe to at least one topic, or to a topic regex');
  }
  if (topicNames.length > SUBSCRIBED_TOPICS_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `${topicNames.length} topics are more than the ${SUBSCRIBED_TOPICS_MAX} that a member may subscribe to; use a topic regex`,
    );
  }
  const problem = topicNames.map(topicNameProblem).find((found) => found !== undefined);
  if (problem !== undefined) return rejected('INVALID_TOPIC_EXCEPTION', problem);
  if (topicRegex === undefined) return { kind: 'parsed', subscription: { topicNames } };
  const parsed = parseTopicRegex(topicRegex);
  if (parsed.kind === 'rejected') return parsed;
  return { kind: 'parsed', subscription: { topicNames, topicRegex } };
}

/** A look-up: is a topic of this name subscribed to? */
export function topicMatcher(subscription: Subscription): (topicName: string) => boolean {
  const names = new Set(subscription.topicNames);
  const { topicRegex } = subscription;
  if (topicRegex === undefined) return (topicName) => names.has(topicName);
  const parsed = parseTopicRegex(topicRegex);
  if (parsed.kind === 'rejected') return (topicName) => names.has(topicName);
  return (topicName) => names.has(topicName) || parsed.matches(topicName);
}

export function sameSubscription(left: Subscription, right: Subscription): boolean {
  return (
    left.topicRegex === right.topicRegex &&
    left.topicNames.length === right.topicNames.length &&
    left.topicNames.every((name, index) => name === right.topicNames[index])
  );
}
