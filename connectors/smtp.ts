import { createTransport } from 'nodemailer';
import { describeError } from '../kernel/errors.js';

export interface OutgoingMessage {
  messageId: string;
  from: string;
  to: string[];
  cc: string[];
  subject: string;
  text: string;
  html: string | null;
  attachments: { filename: string; content: string; contentType: string }[];
  date: Date;
}

/** A server that takes e-mails. */
export interface SmtpTransport {
  /** Resolves when the server has taken the message, with the addresses it refused. Throws SmtpFailure. */
  send(message: OutgoingMessage): Promise<{ refused: string[] }>;
  close(): void;
}

/** The server did not take the message, or did not say that it did. */
export class SmtpFailure extends Error {
  /** true: it said that it never will (5xx). */
  readonly permanent: boolean;

  constructor(message: string, permanent: boolean, cause: unknown) {
    super(message, { cause });
    this.name = 'SmtpFailure';
    this.permanent = permanent;
  }
}

export interface SmtpTimeouts {
  connectMs: number;
  /** Silence that ends the conversation. */
  silenceMs: number;
}

const defaultTimeouts: SmtpTimeouts = { connectMs: 10_000, silenceMs: 30_000 };

/** `url` is `smtp://user:password@host:port` or `smtps://…`. Connects for each message. */
export function openSmtp(url: string, timeouts: SmtpTimeouts = defaultTimeouts): SmtpTransport {
  const transport = createTransport({
    url,
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.silenceMs,
    socketTimeout: timeouts.silenceMs,
    // The texts come from tasks: no file and no address may be read on their behalf.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ html, ...message }) {
      try {
        const sent = await transport.sendMail({ ...message, ...(html === null ? {} : { html }) });
        return { refused: sent.rejected.map(addressText) };
      } catch (thrown) {
        throw new SmtpFailure(describeError(thrown), isPermanent(thrown), thrown);
      }
    },
    close: () => transport.close(),
  };
}

/** A wrong password is 5xx as well, but ours to mend: the message itself may be taken later. */
function isPermanent(thrown: unknown): boolean {
  const { code, responseCode } = thrown as { code?: string; responseCode?: number };
  return code !== 'EAUTH' && responseCode !== undefined && responseCode >= 500;
}

function addressText(address: string | { address: string }): string {
  return typeof address === 'string' ? address : address.address;
}
