import { defaultText } from './wording.ts';

/** Meaning of a status code for the key, and what its owner should do. */
export interface StatusMeaning {
  /** Status code or class: `401`, `2xx`. */
  code: string;
  title: string;
  meaning: string;
  /** '' = nothing to do. */
  remedy: string;
}

/** Status codes with a meaning of their own in Atender's API. Other codes use their class. */
const CODES: Record<number, StatusMeaning> = {
  401: {
    code: '401',
    title: 'Unauthorised',
    meaning: 'The key is wrong, revoked or expired.',
    remedy: 'Check the rotation: a consumer may still send an old key.',
  },
  403: {
    code: '403',
    title: 'Forbidden',
    meaning: 'The key is valid but lacks the scope for this endpoint.',
    remedy:
      'Compare the scopes of the key with the endpoints it calls. Check whether its scopes were changed.',
  },
  404: {
    code: '404',
    title: 'Not found',
    meaning: 'The resource does not exist.',
    remedy: 'Check for a typo in the path, a deleted resource, or ids of another tenant.',
  },
  422: {
    code: '422',
    title: 'Validation failed',
    meaning: 'The request body failed validation.',
    remedy:
      'Check field names and required fields, starting with changes in the last release of the consumer.',
  },
  429: {
    code: '429',
    title: 'Rate limited',
    meaning: `The limit per minute or per day was reached. By default, a key is throttled at ${defaultText('throttled_ratio')} or more.`,
    remedy: 'Make the consumer respect Retry-After, or move the key to a higher tier.',
  },
};

const CLASSES: Record<number, StatusMeaning> = {
  0: {
    code: '0',
    title: 'No response',
    meaning: 'The connection ended without a response. This counts neither as success nor as error.',
    remedy:
      'If there are many, check the timeouts of the consumer and whether the upstream server was reachable.',
  },
  1: {
    code: '1xx',
    title: 'Informational',
    meaning: 'Interim response. It counts as success.',
    remedy: '',
  },
  2: {
    code: '2xx',
    title: 'Success',
    meaning: `The request succeeded. By default, a key is healthy above ${defaultText('success_ratio')}.`,
    remedy: '',
  },
  3: {
    code: '3xx',
    title: 'Redirect',
    meaning: 'The resource is elsewhere or has not changed. This is not an error.',
    remedy: '',
  },
  4: {
    code: '4xx',
    title: 'Client error',
    meaning: 'The request was invalid.',
    remedy: 'Find the failing endpoint in the endpoint breakdown, and fix the consumer.',
  },
  5: {
    code: '5xx',
    title: 'Server error',
    meaning: 'Atender failed to process the request.',
    remedy: 'If it continues, check the status page and open a ticket with the request ids.',
  },
};

/** Meanings for legends: success, codes with a meaning of their own, server errors, no response. */
export const STATUS_MEANINGS: StatusMeaning[] = [CLASSES[2], ...Object.values(CODES), CLASSES[5], CLASSES[0]];

/** Returns the meaning of a status. A status other than 0 and 100–599 is `Unknown`. */
export function meaningOf(status: number): StatusMeaning {
  return (
    CODES[status] ??
    CLASSES[status === 0 ? 0 : Math.floor(status / 100) || -1] ?? {
      code: String(status),
      title: 'Unknown',
      meaning: 'This is not an HTTP status code.',
      remedy: 'Check the program that writes the log.',
    }
  );
}

/** Requests of a key with one status. */
export interface StatusLine {
  status: number;
  requests: number;
  /** Share of all requests. */
  share: number;
  meaning: StatusMeaning;
}

/** Returns the requests by status, lowest first. Statuses without requests are left out. */
export function statusLines(requests: ReadonlyMap<number, number>): StatusLine[] {
  const made = [...requests].filter(([, n]) => n > 0);
  const all = made.reduce((sum, [, n]) => sum + n, 0);
  return made
    .sort(([a], [b]) => a - b)
    .map(([status, n]) => ({ status, requests: n, share: n / all, meaning: meaningOf(status) }));
}
