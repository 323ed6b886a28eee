import pg from 'pg';
import { quoteName } from './catalog.js';
import { type Lsn, parseLsn, readLsn, writeLsn } from './lsn.js';

/** Values arrive as text in these forms, whatever the defaults of the database and the role are. */
const sessionOptions = [
  'timezone=UTC',
  'datestyle=ISO',
  'intervalstyle=iso_8601',
  'extra_float_digits=1',
  'bytea_output=hex',
  'statement_timeout=0',
  'lock_timeout=0',
  'idle_in_transaction_session_timeout=0',
]
  .map((option) => `-c ${option}`)
  .join(' ');

/** The parts of pg's connection that its types leave out. */
interface WireConnection {
  on(event: 'copyData', listener: (message: { chunk: Buffer }) => void): void;
  once(event: 'replicationStart', listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  stream: { pause(): void; resume(): void; destroy(): void };
}

export interface ReplicationListener {
  /** `message` is only valid during the call. */
  onMessage(lsn: Lsn, message: Buffer): void;
  onKeepalive(walEnd: Lsn, replyRequested: boolean): void;
}

/** An ordinary connection to the source, with the text forms of values that change capture relies on. */
export async function connectSource(sourceUrl: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: sourceUrl,
    application_name: applicationName,
    options: sessionOptions,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  // A lost connection rejects the query that is under way, or the next one; unheard, it would end the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A connection that speaks the streaming replication protocol. */
export class ReplicationStream {
  #client: pg.Client;
  #wire: WireConnection;
  #streaming: Promise<unknown> | null = null;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#wire = (client as unknown as { connection: WireConnection }).connection;
  }

  static async open(sourceUrl: string): Promise<ReplicationStream> {
    const config = {
      connectionString: sourceUrl,
      application_name: 'millrace cdc',
      options: sessionOptions,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      replication: 'database',
    };
    const client = new pg.Client(config);
    // A lost connection rejects the query that is under way, which every user of this class awaits.
    client.on('error', () => {});
    await client.connect();
    return new ReplicationStream(client);
  }

  async identify(): Promise<{ systemIdentifier: string; walEnd: Lsn; database: string }> {
    const { rows } = await this.#client.query('IDENTIFY_SYSTEM');
    return { systemIdentifier: rows[0].systemid, walEnd: parseLsn(rows[0].xlogpos), database: rows[0].dbname };
  }

  /** The snapshot can be used until the next command on this connection. */
  async createSlot(slot: string, temporary: boolean): Promise<{ consistentPoint: Lsn; snapshotName: string }> {
    const kind = temporary ? 'TEMPORARY LOGICAL' : 'LOGICAL';
    const { rows } = await this.#client.query(
      `CREATE_REPLICATION_SLOT ${quoteName(slot)} ${kind} pgoutput EXPORT_SNAPSHOT`,
    );
    return { consistentPoint: parseLsn(rows[0].consistent_point), snapshotName: rows[0].snapshot_name };
  }

  /** Streams from what the slot has confirmed. Resolves when the stream is open; `ended` settles when it is over. */
  async start(slot: string, publication: string, listener: ReplicationListener): Promise<{ ended: Promise<unknown> }> {
    this.#wire.on('copyData', ({ chunk }) => {
      if (chunk[0] === walData) listener.onMessage(readLsn(chunk, 1), chunk.subarray(25));
      else if (chunk[0] === keepalive) listener.onKeepalive(readLsn(chunk, 1), chunk[17] === 1);
    });
    const names = `'${quoteName(publication).replaceAll("'", "''")}'`;
    const ended = this.#client.query(
      `START_REPLICATION SLOT ${quoteName(slot)} LOGICAL 0/0 (proto_version '1', publication_names ${names})`,
    );
    this.#streaming = ended;
    ended.catch(() => {});
    const started = new Promise<void>((resolve) => this.#wire.once('replicationStart', resolve));
    await Promise.race([started, ended]);
    return { ended };
  }

  /** Tells the server what has arrived, and what is durable and need not be kept. */
  acknowledge(receivedLsn: Lsn, durableLsn: Lsn, now: number): void {
    const status = Buffer.alloc(34);
    status[0] = 0x72;
    writeLsn(status, 1, receivedLsn);
    writeLsn(status, 9, durableLsn);
    writeLsn(status, 17, durableLsn);
    status.writeBigInt64BE(BigInt(now - postgresEpochMs) * 1000n, 25);
    this.#wire.sendCopyFromChunk(status);
  }

  pause(): void {
    this.#wire.stream.pause();
  }

  resume(): void {
    this.#wire.stream.resume();
  }

  /** Ends the stream so that the last acknowledgement is read by the server; cuts it when that takes too long. */
  async close(): Promise<void> {
    if (this.#streaming) {
      this.#wire.endCopyFrom();
      this.resume();
      const cut = setTimeout(() => this.#wire.stream.destroy(), closeTimeoutMs);
      await this.#streaming.catch(() => {});
      clearTimeout(cut);
    }
    await this.#client.end();
  }
}

const walData = 0x77;
const keepalive = 0x6b;
const connectTimeoutMs = 10_000;
const closeTimeoutMs = 3_000;
const postgresEpochMs = 946_684_800_000;
