/** Matches a path against a pattern of fixed parts and `:parameters`; the decoded parameters, or undefined. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split('/');
  const got = path.split('/');
  if (expected.length !== got.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const text = got[index] as string;
    if (!part.startsWith(':')) {
      if (part !== text) return undefined;
      continue;
    }
    if (text === '') return undefined;
    try {
      params[part.slice(1)] = decodeURIComponent(text);
    } catch {
      // A part that is not valid percent-encoding names nothing.
      return undefined;
    }
  }
  return params;
}
