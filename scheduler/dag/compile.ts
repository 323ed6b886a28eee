import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { packageRoot } from '../../kernel/paths.js';

/** A DAG file with everything it imports, as one module. */
export interface CompiledFile {
  code: string;
  /** Source map with the sources' paths relative to the DAG folder. */
  map: string;
  /** Absolute paths of the files that went into it. */
  inputs: string[];
}

/** What DAG files may import that is Millrace itself. */
const ownModules: Record<string, string> = {
  millrace: 'millrace',
  'millrace/hitl': 'millrace/hitl',
  'apache-airflow-ts-sdk': 'millrace',
  'apache-airflow-ts-sdk/hitl': 'millrace/hitl',
  '@apache-airflow/ts-sdk': 'millrace',
  '@apache-airflow/ts-sdk/hitl': 'millrace/hitl',
};

/**
 * Bundles a DAG file. `millrace` stays an import, and packages with native code are imported from where they are.
 * The same sources give the same code wherever the folder lies. Rejects with esbuild's BuildFailure.
 */
export async function compileDagFile(path: string, folder: string): Promise<CompiledFile> {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: folder,
    entryPoints: [path],
    outdir: folder,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node}`,
    // What Millrace itself brings, zod for one, can be imported without being installed again.
    nodePaths: [join(packageRoot, 'node_modules'), dirname(packageRoot)],
    keepNames: true,
    sourcemap: 'external',
    legalComments: 'none',
    logLevel: 'silent',
    banner: { js: requireBanner },
    plugins: [externals],
  });
  const outputOf = (end: string) => result.outputFiles.find((file) => file.path.endsWith(end))?.text ?? '';
  return {
    code: outputOf('.js'),
    map: relativeSources(outputOf('.js.map'), folder),
    inputs: Object.keys(result.metafile.inputs).map((input) => join(folder, input)),
  };
}

/** Short enough for a file name, long enough never to meet its like. */
export function contentHash(...parts: (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts)
    hash
      .update(String(Buffer.byteLength(part)))
      .update(':')
      .update(part);
  return hash.digest('hex').slice(0, 32);
}

/** CommonJS packages inside the bundle call `require` for what Node itself has. */
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);";

const externals: Plugin = {
  name: 'externals',
  setup(build) {
    build.onResolve({ filter: /^(millrace|apache-airflow-ts-sdk|@apache-airflow\/ts-sdk)(\/.*)?$/ }, ({ path }) => {
      const own = ownModules[path];
      return own
        ? { path: own, external: true }
        : { errors: [{ text: `Millrace has no module "${path}". There are "millrace" and "millrace/hitl".` }] };
    });
    build.onResolve({ filter: /^[^./]/ }, async (args) => {
      if (args.pluginData === 'seen' || args.kind === 'entry-point') return undefined;
      const found = await build.resolve(args.path, {
        resolveDir: args.resolveDir,
        kind: args.kind,
        importer: args.importer,
        pluginData: 'seen',
      });
      if (found.external || found.errors.length > 0 || !isNative(found.path)) return found;
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};

const nativePackages = new Map<string, boolean>();

/** Whether the file belongs to a package with compiled code, which no bundle can hold. */
function isNative(path: string): boolean {
  const at = path.lastIndexOf(`${sep}node_modules${sep}`);
  if (at < 0) return false;
  const names = path.slice(at + '/node_modules/'.length).split(sep);
  const folder = join(path.slice(0, at), 'node_modules', ...names.slice(0, names[0]?.startsWith('@') ? 2 : 1));
  const known = nativePackages.get(folder);
  if (known !== undefined) return known;
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const namesIn = (key: string) => Object.keys((manifest[key] as object | undefined) ?? {});
  const native =
    'gypfile' in manifest ||
    'binary' in manifest ||
    'napi' in manifest ||
    namesIn('dependencies').some((name) =>
      /^(bindings|node-gyp-build|prebuild-install|node-addon-api|@mapbox\/node-pre-gyp)$/.test(name),
    ) ||
    [...namesIn('optionalDependencies'), ...namesIn('dependencies')].some((name) =>
      /(linux|darwin|win32)[-_]?(x64|arm64)|-bindings$/.test(name),
    );
  nativePackages.set(folder, native);
  return native;
}

function relativeSources(map: string, folder: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  const sources = parsed.sources.map((source) => relative(folder, join(folder, source)).split(sep).join('/'));
  return JSON.stringify({ ...parsed, sources });
}
