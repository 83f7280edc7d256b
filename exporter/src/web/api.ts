import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { ALL, type ApiEndpoint, ENDPOINTS, type EndpointName } from '../api/endpoints.ts';
import { openApi } from '../api/openapi.ts';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import { parametersOf } from './views.ts';

/** Whoever answers the API's questions. */
export interface Answers {
  ask(endpoint: EndpointName, question: Record<string, unknown>): Promise<{ status: number; body: string }>;
}

const RETRY_SECONDS = 2;

/** The API by path: every endpoint of its definition, and the document that describes them. */
export function apiHandlers(answers: Answers, version: string): Record<string, RequestHandler> {
  let document: string | undefined;
  const endpoints = Object.entries(ENDPOINTS).map(([name, endpoint]): [string, RequestHandler] => [
    endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
    answering(name as EndpointName, endpoint, answers),
  ]);
  return {
    '/api/v1/openapi.json': (_, response) => {
      document ??= JSON.stringify(openApi(version));
      send(response, 200, document);
    },
    ...Object.fromEntries(endpoints),
  };
}

function answering(name: EndpointName, { parameters }: ApiEndpoint, answers: Answers): RequestHandler {
  return async (request, response) => {
    const { question, problem } = questionOf(request, parameters);
    if (problem) return send(response, 400, JSON.stringify({ error: problem }));
    const { status, body } = await answers.ask(name, { ...question, id: String(request.params.id ?? '') });
    if (status === 503) response.set('Retry-After', String(RETRY_SECONDS));
    send(response, status, body);
  };
}

/** What the query string says, or the first thing wrong with it. */
export function questionOf(
  request: Request,
  parameters: z.ZodObject,
): { question?: Record<string, unknown>; problem?: string } {
  const said = parametersOf(request);
  const names = [...said.keys()];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return { problem: withoutRawKeys(`${twice}: it is there twice`) };
  // Those that are left empty, as forms and dashboards do, or stand for all are not said.
  const { data, error } = parameters.safeParse(
    Object.fromEntries([...said].filter(([, value]) => value !== '' && value !== ALL)),
  );
  if (data) return { question: data };
  const [issue] = error.issues;
  if (issue.code === 'unrecognized_keys')
    return {
      problem: `there is no parameter ${withoutRawKeys(issue.keys[0])}; there are ${Object.keys(parameters.shape).join(', ')}`,
    };
  return { problem: `${issue.path.join('.')}: ${issue.message}` };
}

export function send(response: Response, status: number, body: string): void {
  response.status(status).type('application/json').set('Cache-Control', 'no-store').send(body);
}
