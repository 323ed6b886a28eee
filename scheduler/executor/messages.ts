import type { Json } from '../../kernel/json.js';
import type { ConnectionSettings } from '../dag/hook-pool.js';
import type { AttemptCall, AttemptEffects, AttemptError, AttemptOutcome, AttemptRequest } from '../model/attempt.js';

/** What a pool says to its child. */
export type ToChild =
  | { type: 'init'; connections: Record<string, ConnectionSettings>; xcomBytesMax: number; cacheFolder: string }
  | { type: 'run'; attempt: AttemptRequest }
  | { type: 'abort'; reason: AttemptError }
  | { type: 'answer'; callId: number; value: Json | undefined }
  | { type: 'refusal'; callId: number; code: string; message: string };

/** What a child says to its pool. */
export type FromChild =
  | { type: 'ready' }
  | { type: 'progress'; done: number; total: number | null }
  | { type: 'call'; callId: number; call: AttemptCall }
  /** `isClean`: nothing of the attempt is left, the child can take the next one at once. Otherwise `settled` follows. */
  | { type: 'finished'; outcome: AttemptOutcome; effects: AttemptEffects; isClean: boolean; rssBytes: number }
  /** Why the child should end instead of taking another attempt; null = it is clean now. */
  | { type: 'settled'; leftOver: string | null }
  /** The child cannot take the attempt: its log file did not become fd 1 and 2. */
  | { type: 'unfit'; message: string };
