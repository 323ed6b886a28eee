import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** What the server does with a message: take it, answer with a code, cut the line after taking it, or say nothing. */
export type SmtpBehaviour = 'take' | 'drop' | 'hang' | { code: number; message: string };

export interface SmtpWitness {
  url: string;
  /** Every message that arrived whole, in order, whatever was answered. */
  messages: { messageId: string; raw: string; to: string[] }[];
  /** For the next messages; the last one stays. */
  behave(...behaviours: SmtpBehaviour[]): void;
  close(): Promise<void>;
}

/** An SMTP server that writes down what it saw. */
export async function startSmtpWitness(): Promise<SmtpWitness> {
  const messages: SmtpWitness['messages'] = [];
  let behaviours: SmtpBehaviour[] = ['take'];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, answer) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const messageId = /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '';
        messages.push({ messageId, raw, to: session.envelope.rcptTo.map(({ address }) => address) });
        const behaviour =
          behaviours.length > 1 ? (behaviours.shift() as SmtpBehaviour) : (behaviours[0] as SmtpBehaviour);
        if (behaviour === 'take') answer();
        else if (behaviour === 'drop') for (const connection of server.connections) connection.close();
        else if (behaviour !== 'hang')
          answer(Object.assign(new Error(behaviour.message), { responseCode: behaviour.code }));
      });
    },
  });
  server.on('error', () => {}); // A client that goes away in the middle is part of the tests.
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    messages,
    behave(...next) {
      behaviours = next;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
