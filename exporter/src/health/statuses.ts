/** What an answer means for the key that asked, and what its owner does about it. */
export interface StatusMeaning {
  /** The codes it speaks of, as people write them: `2xx`, `401`. */
  code: string;
  title: string;
  meaning: string;
  /** Empty when nothing is to be done. */
  remedy: string;
}

/** Atender's status codes; whatever is not listed falls to its class. */
const CODES: Record<number, StatusMeaning> = {
  401: {
    code: '401',
    title: 'Unauthorised',
    meaning: 'The key is wrong, revoked or expired.',
    remedy: 'Check the rotation: some consumer still sends the old key, or never got the new one.',
  },
  403: {
    code: '403',
    title: 'Forbidden',
    meaning: 'The key is valid, but lacks the scope for this endpoint.',
    remedy: 'Compare the scopes it has with the endpoints it calls, and see whether its scopes were changed.',
  },
  404: {
    code: '404',
    title: 'Not found',
    meaning: 'There is no such resource.',
    remedy: 'Look for a typo in the path, a deleted resource, or ids of another tenant.',
  },
  422: {
    code: '422',
    title: 'Validation failed',
    meaning: 'The request body failed validation.',
    remedy: 'Check field names and required fields, first those the last release of the consumer touched.',
  },
  429: {
    code: '429',
    title: 'Rate limited',
    meaning: 'The limit per minute or per day was reached; at 5 % or more the key is throttled.',
    remedy: 'Make the consumer heed Retry-After, or move the key to a higher tier.',
  },
};

const CLASSES: Record<number, StatusMeaning> = {
  0: {
    code: '0',
    title: 'No response',
    meaning: 'The connection ended before there was a response: neither a success nor an error.',
    remedy:
      'Many of them: check the timeouts of the consumer, and whether the upstream server was reachable.',
  },
  1: {
    code: '1xx',
    title: 'Informational',
    meaning: 'An interim answer; counted as success.',
    remedy: '',
  },
  2: {
    code: '2xx',
    title: 'Success',
    meaning: 'The request succeeded; a key is healthy above 99 %.',
    remedy: '',
  },
  3: {
    code: '3xx',
    title: 'Redirect',
    meaning: 'The answer lies elsewhere or has not changed; it is no error.',
    remedy: '',
  },
  4: {
    code: '4xx',
    title: 'Client error',
    meaning: 'The request was refused for what it asked.',
    remedy: 'Look at the endpoint breakdown for the call that fails and fix the consumer.',
  },
  5: {
    code: '5xx',
    title: 'Server error',
    meaning: 'Atender failed to answer.',
    remedy: 'If it lasts, look at the status page and open a ticket with the request ids.',
  },
};

/** The codes that have a meaning of their own, for legends; the classes come last. */
export const STATUS_MEANINGS: StatusMeaning[] = [CLASSES[2], ...Object.values(CODES), CLASSES[5], CLASSES[0]];

/** Never fails: a status other than 0 out of 100–599 is named as unknown. */
export function meaningOf(status: number): StatusMeaning {
  return (
    CODES[status] ??
    CLASSES[status === 0 ? 0 : Math.floor(status / 100) || -1] ?? {
      code: String(status),
      title: 'Unknown',
      meaning: 'No HTTP status code.',
      remedy: 'Check what writes the log.',
    }
  );
}

/** Requests of a key that were answered with one status. */
export interface StatusLine {
  status: number;
  requests: number;
  /** Of all that were counted. */
  share: number;
  meaning: StatusMeaning;
}

/** Requests by status, lowest first; those nobody made are left out. */
export function statusLines(requests: ReadonlyMap<number, number>): StatusLine[] {
  const made = [...requests].filter(([, n]) => n > 0);
  const all = made.reduce((sum, [, n]) => sum + n, 0);
  return made
    .sort(([a], [b]) => a - b)
    .map(([status, n]) => ({ status, requests: n, share: n / all, meaning: meaningOf(status) }));
}
