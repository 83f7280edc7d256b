import * as z from 'zod';
import { type ApiEndpoint, ENDPOINTS, REQUESTS, SHARED_DAYS } from './endpoints.ts';
import { failure } from './schemas.ts';

const FAILURES: Record<string, string> = {
  400: 'The question makes no sense; the answer says why.',
  401: 'Credentials are needed, where any are configured.',
  403: 'Not asked for by a host name of the exporter, or beyond loopback where no credentials are configured.',
  404: 'There is no such key, no archive, or nothing is shared.',
  429: 'Too many searches of the archive, or credentials to be checked, are waiting. Retry-After says when to ask again.',
  503: 'Too many questions at once, or this one took too long. Retry-After says when to ask again.',
};

/** The OpenAPI 3.1 document of the API, made of its one definition. */
export function openApi(version: string): object {
  const all: ApiEndpoint[] = [...Object.values(ENDPOINTS), REQUESTS, SHARED_DAYS];
  const paths = all.map((endpoint) => [endpoint.path, { get: operation(endpoint) }]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Atender key observability',
      version,
      description: 'What API keys did, by UTC day, for ever. Counts are exact; what is not says approximate.',
    },
    paths: Object.fromEntries(paths),
    components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
    security: [{ basic: [] }, {}],
  };
}

function operation({ path, summary, parameters, answer }: ApiEndpoint): object {
  const { properties = {} } = z.toJSONSchema(parameters, { io: 'input' });
  const asked = Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { description?: string };
    // One that is left empty counts as not given.
    return { name, in: 'query', required: false, allowEmptyValue: true, description, schema: rest };
  });
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } };
  });
  const failures = Object.entries(FAILURES).map(([status, description]) => [
    status,
    { description, content: content(failure) },
  ]);
  return {
    summary,
    parameters: [...named, ...asked],
    responses: {
      200: { description: 'The answer.', content: content(answer) },
      ...Object.fromEntries(failures),
    },
  };
}

function content(schema: z.ZodType): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema);
  return { 'application/json': { schema: json } };
}
