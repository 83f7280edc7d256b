import type { Request, Response } from 'express';

/** Answers with what is wrong and what to do: as JSON below /api/, where programs ask, else as plain text. */
export function refuse(request: Request, response: Response, status: number, text: string): void {
  response.status(status).set('Cache-Control', 'no-store');
  if (request.path.startsWith('/api/')) response.json({ error: text.trim().replace(/\s+/g, ' ') });
  else response.type('text/plain').send(text);
}
