import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bounds on what clients may take. Milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request until its headers are there. */
  headersTimeout: number;
  /** The same for the whole request. */
  requestTimeout: number;
  keepAliveTimeout: number;
  /** For an answer to be taken by its reader. */
  answerTimeout: number;
  /** Open connections; one more costs the one that has been without an answer underway for longest. */
  connections: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  // Longer than the usual scrape interval, so that a scraper keeps its connection.
  keepAliveTimeout: 75_000,
  answerTimeout: 30_000,
  connections: 512,
};

/** Keeps slow and idle clients from taking the server from the others. Returns a function that cuts all off. */
export function boundConnections(server: Server, limits: ConnectionLimits): () => void {
  server.headersTimeout = limits.headersTimeout;
  server.requestTimeout = limits.requestTimeout;
  server.keepAliveTimeout = limits.keepAliveTimeout;
  /** By peer, in the order in which they opened or were last answered. */
  const open = new Map<string, Connection>();

  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    open.set(peer, { socket, answers: 0 });
    socket.on('close', () => open.delete(peer));
    if (open.size > limits.connections) (idlest(open) ?? socket).destroy();
  });
  server.on('request', (request: IncomingMessage, answer: ServerResponse) => {
    const cut = setTimeout(() => request.socket.destroy(), limits.answerTimeout);
    const peer = peerOf(request.socket);
    const connection = open.get(peer);
    if (connection) connection.answers++;
    answer.on('close', () => {
      clearTimeout(cut);
      if (!connection || !open.delete(peer)) return;
      connection.answers--;
      open.set(peer, connection);
    });
  });
  return () => {
    for (const { socket } of open.values()) socket.destroy();
  };
}

interface Connection {
  socket: Socket;
  /** Answers underway. */
  answers: number;
}

/** A TLS connection shows two sockets, the plain one first; both have the same peer. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function idlest(open: Map<string, Connection>): Socket | undefined {
  for (const { socket, answers } of open.values()) if (answers === 0) return socket;
  return undefined;
}
