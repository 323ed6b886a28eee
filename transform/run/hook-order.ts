import type { Project } from '../project.js';

export type HookKind = 'on-run-start' | 'on-run-end';

/** The unique ids of the hooks of a project and its packages, in the order in which they run: those of packages first. */
export function hooksOf(project: Project, kind: HookKind): string[] {
  const order = [...project.packages.slice(1), project.root].map((each) => each.name);
  return [...project.manifest.nodes.values()]
    .filter((node) => node.resource_type === 'operation' && node.name.includes(`-${kind}-`))
    .sort((a, b) => order.indexOf(a.package_name) - order.indexOf(b.package_name) || (a.index ?? 0) - (b.index ?? 0))
    .map((node) => node.unique_id);
}
