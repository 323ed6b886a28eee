/** What the demo is at: one line that changes on a terminal, a line per step elsewhere. */
export interface Progress {
  step(text: string): void;
  /** More of the same step, such as a count. Shown on terminals only. */
  detail(text: string): void;
  done(): void;
}

export function openProgress(output: NodeJS.WriteStream, silent: boolean): Progress {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s`;
  const clear = '\r\u001b[2K';
  let current = '';
  if (silent) return { step: () => {}, detail: () => {}, done: () => {} };
  if (!output.isTTY) {
    return { step: (text) => output.write(`${seconds()}  ${text}\n`), detail: () => {}, done: () => {} };
  }
  return {
    step(text) {
      if (current) output.write(`${clear}${seconds()}  ${current}\n`);
      current = text;
      output.write(`${seconds()}  ${text} …`);
    },
    detail: (text) => output.write(`${clear}${seconds()}  ${current} … ${text}`),
    done() {
      if (current) output.write(`${clear}${seconds()}  ${current}\n`);
      current = '';
    },
  };
}
