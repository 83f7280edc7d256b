export interface Server {
  command: string;
  package: string;
  alternative?: string;
}
export const SERVERS: Server[];
export function missingServers(): Server[];
export function missingMessage(missing: Server[]): string;
export function onPath(command: string): boolean;
export function alertmanagerCommand(): string;
