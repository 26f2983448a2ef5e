// The OpenAPI 3.1 document, made from the operations and the schemas that check their requests.

import * as z from 'zod';
import { type Operation, RAW_MEDIA_TYPE } from './operation.ts';
import { problemSchema } from './problem.ts';

type Json = Record<string, unknown>;

const GENERAL_ERRORS = [400, 406, 429, 500, 503];
const BINARY = { schema: { type: 'string', contentMediaType: RAW_MEDIA_TYPE } };
const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'There is no such thing',
  406: 'Nothing that is accepted can be given',
  409: 'Fenced, or in another state than the request needs',
  412: 'The next offset is another one (match_offset)',
  413: 'Too large; the message says the limit',
  415: 'The media type is not taken',
  416: 'The offset is out of range; both bounds are given',
  422: 'A record or batch is not valid',
  429: 'Too many requests; see Retry-After',
  500: 'Failed inside',
  503: 'The storage did not answer in time; see Retry-After',
};

export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const components = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    path[operation.method] = describeOperation(operation, components);
    paths[operation.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Stratalog',
      version,
      description:
        'An event log without brokers. Every path is also served under /v3/clusters/{cluster_id}.',
    },
    paths,
    components: { schemas: Object.fromEntries(components) },
  };
}

function describeOperation(operation: Operation, components: Map<string, Json>): Json {
  const { id, summary, body, rawBody, params, query } = operation;
  const json = (schema: z.ZodType, io: 'input' | 'output') => ({
    schema: jsonSchema(schema, io, components),
  });
  const content = body === undefined ? {} : { 'application/json': json(body, 'input') };
  const request = {
    required: true,
    content: rawBody === true ? { ...content, [RAW_MEDIA_TYPE]: BINARY } : content,
  };
  const errors = [
    ...GENERAL_ERRORS,
    ...(params === undefined ? [] : [404]),
    ...(operation.errors ?? []),
  ];
  const responses: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(operation.answers)) {
    const shown =
      answer.schema === undefined ? {} : { 'application/json': json(answer.schema, 'output') };
    const all = answer.raw === true ? { ...shown, [RAW_MEDIA_TYPE]: BINARY } : shown;
    responses[status] = {
      description: answer.description,
      ...(Object.keys(all).length === 0 ? {} : { content: all }),
    };
  }
  for (const status of errors) {
    responses[status] = {
      description: REASONS[status] ?? 'Error',
      content: { 'application/json': json(problemSchema, 'output') },
    };
  }
  return {
    operationId: id,
    summary,
    tags: [operation.function],
    parameters: [
      ...parametersOf(params, 'path', components),
      ...parametersOf(query, 'query', components),
    ],
    ...(body === undefined ? {} : { requestBody: request }),
    responses,
  };
}

function parametersOf(
  schema: z.ZodObject | undefined,
  place: 'path' | 'query',
  components: Map<string, Json>,
): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: jsonSchema(value as z.ZodType, 'input', components),
  }));
}

/** A schema as JSON Schema; those with an id become components. */
function jsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  components: Map<string, Json>,
): Json {
  const {
    $schema: _,
    $defs,
    ...json
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as Json & { $defs?: Record<string, Json> };
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { $schema: __, id: ___, ...rest } = definition;
    components.set(name, reference(rest) as Json);
  }
  const { id, ...rest } = json;
  if (typeof id !== 'string') return reference(rest) as Json;
  components.set(id, reference(rest) as Json);
  return { $ref: `#/components/schemas/${id}` };
}

/** Definitions of one schema are the document's components. */
function reference(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reference);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace('#/$defs/', '#/components/schemas/')]
        : [key, reference(inner)],
    ),
  );
}
