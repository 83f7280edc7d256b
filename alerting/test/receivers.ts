import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

export interface SlackMessage {
  channel: string;
  attachments: { title: string; title_link: string; text: string; color: string }[];
}

/** An event of PagerDuty's Events API v2. */
export interface PagerDutyEvent {
  routing_key: string;
  event_action: 'trigger' | 'acknowledge' | 'resolve';
  dedup_key: string;
  payload?: { summary: string; severity: string; custom_details: Record<string, string> };
}

export interface Mail {
  from: string;
  to: string[];
  /** What the client authenticated as, decoded from AUTH PLAIN. */
  user: string;
  password: string;
  /** Header and body as sent. */
  text: string;
}

/** What stands on loopback for Slack, PagerDuty, a mail server and a dead-man's service, and what each got. */
export interface Receivers {
  slackUrl: string;
  pagerDutyUrl: string;
  beatsUrl: string;
  smtp: string;
  slack: SlackMessage[];
  pagerDuty: PagerDutyEvent[];
  mails: Mail[];
  /** Authorization headers of the beats. */
  beats: string[];
  stop(): Promise<void>;
}

export async function startReceivers(): Promise<Receivers> {
  const got = {
    slack: [] as SlackMessage[],
    pagerDuty: [] as PagerDutyEvent[],
    mails: [] as Mail[],
    beats: [] as string[],
  };
  const web = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.url === '/slack') {
      got.slack.push(JSON.parse(body) as SlackMessage);
      response.end('ok');
    } else if (request.url === '/v2/enqueue') {
      // Details are shown without the blanks around them.
      const event = JSON.parse(body, (_, value) =>
        typeof value === 'string' ? value.trim() : value,
      ) as PagerDutyEvent;
      got.pagerDuty.push(event);
      response.writeHead(202, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ status: 'success', dedup_key: event.dedup_key }));
    } else if (request.url === '/beats') {
      got.beats.push(request.headers.authorization ?? '');
      response.end();
    } else response.writeHead(404).end();
  });
  const mail = createTcpServer((socket) => receiveMail(socket, got.mails));
  const [webPort, mailPort] = [await listening(web), await listening(mail)];
  const base = `http://127.0.0.1:${webPort}`;
  return {
    ...got,
    slackUrl: `${base}/slack`,
    pagerDutyUrl: `${base}/v2/enqueue`,
    beatsUrl: `${base}/beats`,
    smtp: `127.0.0.1:${mailPort}`,
    async stop() {
      web.closeAllConnections();
      for (const server of [web, mail]) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

/** The server's side of one SMTP session (RFC 5321), with AUTH PLAIN. */
function receiveMail(socket: Socket, mails: Mail[]): void {
  let mail: Mail = { from: '', to: [], user: '', password: '', text: '' };
  let inData = false;
  let pending = '';
  const reply = (line: string) => socket.write(`${line}\r\n`);
  const line = (text: string): void => {
    if (inData) {
      if (text !== '.') {
        mail.text += `${text.replace(/^\./, '')}\n`;
        return;
      }
      inData = false;
      mails.push(mail);
      mail = { ...mail, to: [], text: '' };
      reply('250 kept');
      return;
    }
    const [verb] = text.toUpperCase().split(' ', 1);
    if (verb === 'EHLO') reply('250-loopback\r\n250 AUTH PLAIN');
    else if (verb === 'AUTH') {
      const [, user, password] = Buffer.from(text.split(' ')[2]!, 'base64').toString().split('\0');
      mail.user = user!;
      mail.password = password!;
      reply('235 welcome');
    } else if (verb === 'MAIL') {
      mail.from = text;
      reply('250 ok');
    } else if (verb === 'RCPT') {
      mail.to.push(text);
      reply('250 ok');
    } else if (verb === 'DATA') {
      inData = true;
      reply('354 go on');
    } else if (verb === 'QUIT') {
      reply('221 bye');
      socket.end();
    } else reply('250 ok');
  };
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    pending += chunk.toString();
    const lines = pending.split('\r\n');
    pending = lines.pop()!;
    for (const text of lines) line(text);
  });
  reply('220 loopback');
}
