import { readFile } from 'node:fs/promises';
import { createSecureContext, getCiphers, type Server, type TlsOptions } from 'node:tls';
import type { ClientAuth, TlsFiles } from '../config/web-config-file.ts';

/**
 * Reads certificate, key and client CA. Problems name the file and what is wrong with it; a file that is
 * there and holds something else than it should is a problem too.
 */
export async function readTls(files: TlsFiles): Promise<{ options: TlsOptions; problems: string[] }> {
  const problems: string[] = [];
  const read = async (path: string): Promise<Buffer | undefined> => {
    try {
      return await readFile(path);
    } catch (error) {
      problems.push(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
      return undefined;
    }
  };
  const [cert, key] = [await read(files.certFile), await read(files.keyFile)];
  const ca = files.clientCaFile === '' ? undefined : await read(files.clientCaFile);
  const ciphers = files.ciphers.map(opensslName);
  for (const [i, name] of ciphers.entries())
    if (name === undefined) problems.push(`cipher_suites: ${files.ciphers[i]} is not supported`);
  const options: TlsOptions = {
    minVersion: files.minVersion,
    maxVersion: files.maxVersion,
    requestCert: files.clientAuth !== 'NoClientCert',
    rejectUnauthorized: files.clientAuth === 'RequireAndVerifyClientCert',
    honorCipherOrder: files.honorCipherOrder,
    handshakeTimeout: 10_000,
    ...(cert && { cert }),
    ...(key && { key }),
    ...(ca && { ca }),
    ...(files.curves.length > 0 && { ecdhCurve: files.curves.join(':') }),
    ...(ciphers.length > 0 && { ciphers: ciphers.join(':') }),
  };
  if (problems.length > 0) return { options, problems };
  try {
    createSecureContext(options);
  } catch (error) {
    // OpenSSL's texts name what is wrong (no start line, key values mismatch), never the content.
    problems.push(`${files.certFile}, ${files.keyFile}: ${(error as Error).message}`);
  }
  return { options, problems };
}

/** Cuts off clients whose certificate is not what is asked of them, where OpenSSL does not by itself. */
export function refuseCertificates(server: Server, asked: ClientAuth): void {
  server.prependListener('secureConnection', (socket) => {
    const given = Object.keys(socket.getPeerCertificate()).length > 0;
    const missing = asked === 'RequireAnyClientCert' && !given;
    const foreign = asked === 'VerifyClientCertIfGiven' && given && !socket.authorized;
    if (missing || foreign) socket.destroy();
  });
}

/**
 * The web configuration format has the names of the IANA registry, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
 * OpenSSL says ECDHE-RSA-AES128-GCM-SHA256. TLS 1.3 suites are called the same in both.
 */
function opensslName(suite: string): string | undefined {
  const name = suite.includes('_WITH_')
    ? suite
        .replace(/^TLS_/, '')
        .replace(/^RSA_WITH_/, '')
        .replace('_WITH_', '-')
        .replace(/AES_(\d+)/, 'AES$1')
        .replace('_CBC_', '_')
        .replace(/POLY1305_SHA256$/, 'POLY1305')
        .replaceAll(/_/g, '-')
    : suite;
  return getCiphers().includes(name.toLowerCase()) ? name : undefined;
}
