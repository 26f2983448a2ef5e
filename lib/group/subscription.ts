// What a member subscribes to, and which topics that is.

import { type Rejected, rejected } from '../errors.ts';
import { topicNameProblem } from '../ids.ts';
import { SUBSCRIBED_TOPICS_MAX } from '../limits.ts';
import type { Subscription } from './member.ts';
import type { GroupTopic } from './state.ts';
import { parseTopicRegex } from './topic-regex.ts';

export interface SubscriptionRequest {
  readonly topicNames?: readonly string[] | undefined;
  readonly topicRegex?: string | undefined;
  /** Who asks, where access lists are on. */
  readonly principal?: string | undefined;
}

/**
 * Checks a subscription. Refused: none at all and too many topics (INVALID_REQUEST), a name that no topic can have
 * (INVALID_TOPIC_EXCEPTION), an expression that isn't understood (INVALID_REGULAR_EXPRESSION).
 */
export function parseSubscription(
  request: SubscriptionRequest,
): { readonly kind: 'parsed'; readonly subscription: Subscription } | Rejected {
  const topicNames = [...new Set(request.topicNames ?? [])].sort();
  const { topicRegex, principal } = request;
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
  const whose = principal === undefined ? {} : { principal };
  return { kind: 'parsed', subscription: { topicNames, topicRegex, ...whose } };
}

/** What of a topic decides whether it is subscribed to. */
export type MatchedTopic = Pick<GroupTopic, 'name' | 'hiddenFrom'>;

/** A look-up: is this topic subscribed to? Names are checked when they are subscribed to, what a regex matches here. */
export function topicMatcher(subscription: Subscription): (topic: MatchedTopic) => boolean {
  const names = new Set(subscription.topicNames);
  const { topicRegex, principal } = subscription;
  if (topicRegex === undefined) return ({ name }) => names.has(name);
  const parsed = parseTopicRegex(topicRegex);
  if (parsed.kind === 'rejected') return ({ name }) => names.has(name);
  const isShown = ({ hiddenFrom }: MatchedTopic): boolean =>
    principal === undefined || hiddenFrom?.has(principal) !== true;
  return (topic) => names.has(topic.name) || (isShown(topic) && parsed.matches(topic.name));
}

export function sameSubscription(left: Subscription, right: Subscription): boolean {
  return (
    left.topicRegex === right.topicRegex &&
    left.principal === right.principal &&
    left.topicNames.length === right.topicNames.length &&
    left.topicNames.every((name, index) => name === right.topicNames[index])
  );
}
