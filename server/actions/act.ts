import type { Request, Response } from 'express';

export type Form = Record<string, unknown>;

/** What an action did: words for the reader, and where they go on. */
export interface Done {
  words: string;
  /** Left out: back to where the form was. */
  next?: string;
}

/** Says what the form that is sent to a path does. */
export type Act = (path: string, perform: (request: Request, response: Response, form: Form) => Promise<Done>) => void;
