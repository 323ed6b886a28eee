import type { SerializedDag } from '../../scheduler/model/dag.js';
import type { TaskInstanceState } from '../../scheduler/model/states.js';
import { allDownstream, allUpstream } from '../dag-structure.js';
import { formatDuration } from '../format.js';
import { type Html, html } from '../html.js';
import { stateWord, worstState } from '../states.js';
import { type GraphLayout, nodeHeight, nodeWidth, type PlacedNode } from './graph-layout.js';

/** What a task did in the run that the graph shows. */
export interface TaskStatus {
  state: TaskInstanceState | null;
  total: number;
  done: number;
  startedAt: number | null;
  endedAt: number | null;
}

export interface GraphPicture {
  dag: SerializedDag;
  layout: GraphLayout;
  /** By task id; empty when no run is shown. */
  statuses: Map<string, TaskStatus>;
  now: number;
  /** The selected task or folded group: what leads to it and what follows from it stands out. */
  focus: string | null;
  href(id: string): string;
  foldHref(groupId: string, fold: boolean): string;
}

const glyphs: Partial<Record<string, string>> = {
  success: 'M-3.4.4-1 2.7 3.5-2.4',
  failed: 'm-2.8-2.8 5.6 5.6m0-5.6-5.6 5.6',
  running: 'M0-3.4A3.4 3.4 0 1 1-3.4 0',
  queued: 'M-3 0h.1M0 0h.1M3 0h.1',
  scheduled: 'M0-2.6V0l1.8 1.2',
  up_for_retry: 'M3.2.2A3.2 3.2 0 1 1 2.2-2.4l1 1M3.4-3.6v2.3H1.1',
  restarting: 'M3.2.2A3.2 3.2 0 1 1 2.2-2.4l1 1M3.4-3.6v2.3H1.1',
  up_for_reschedule: 'M0-2.6V0l1.8 1.2',
  upstream_failed: 'M-2.8-3.4h5.6M0 3.6V-1.2M-2.2.8 0-1.4 2.2.8',
  skipped: 'M-2.6 0h5.2',
  deferred: 'M-2.4-3.6h4.8M-2.4 3.6h4.8M-1.8-3.6C-1.8-1 1.8 1 1.8 3.6M1.8-3.6C1.8-1-1.8 1-1.8 3.6',
  awaiting_input: 'M0-3.2a1.6 1.6 0 1 0 .01 0M-3 3.6c.4-2 1.6-3 3-3s2.6 1 3 3',
  removed: 'M2.4-2.4-2.4 2.4',
};

/** The graph as SVG, its nodes links. */
export function graphSvg(picture: GraphPicture): Html {
  const { layout } = picture;
  const focus = focusOf(picture);
  const edges = [...layout.edges].sort((a, b) => Number(inFocus(focus, a)) - Number(inFocus(focus, b)));
  return html`<svg class="graph" width="${layout.width + 32}" height="${layout.height + 8}" viewBox="-8 -2 ${layout.width + 32} ${layout.height + 8}" role="group" aria-label="Graph of ${picture.dag.dagId}">
${layout.groups.map((group) => html`<rect class="group-box" x="${group.x}" y="${group.y}" width="${group.width}" height="${group.height}" rx="8"/>`)}
${edges.map((edge) => {
  const near = inFocus(focus, edge);
  const below = near && focus?.below.has(edge.to);
  return html`<path class="edge${near ? ' in-focus' : ''}${below ? ' below' : ''}" d="${edge.path}"/><path class="arrow${near ? ' in-focus' : ''}" d="m${edge.tip.x} ${edge.tip.y} -3.5-6.5h7z"/>`;
})}
${layout.groups.map((group) => groupTitle(picture, group))}
${layout.nodes.map((node) => nodeBox(picture, node, focus))}</svg>`;
}

interface Focus {
  at: string;
  near: Set<string>;
  below: Set<string>;
}

function focusOf({ dag, layout, focus }: GraphPicture): Focus | null {
  const node = layout.nodes.find((candidate) => candidate.id === focus);
  if (!node) return null;
  const owner = new Map(layout.nodes.flatMap((placed) => placed.taskIds.map((id) => [id, placed.id] as const)));
  const below = new Set<string>();
  const near = new Set<string>([node.id]);
  for (const taskId of node.taskIds) {
    for (const id of allUpstream(dag.tasks, taskId)) near.add(owner.get(id) ?? id);
    for (const id of allDownstream(dag.tasks, taskId)) below.add(owner.get(id) ?? id);
  }
  below.delete(node.id);
  for (const id of below) near.add(id);
  return { at: node.id, near, below };
}

/** An edge is in focus when it leads towards the focus from above, or away from it below. */
function inFocus(focus: Focus | null, edge: { from: string; to: string }): boolean {
  if (!focus) return false;
  const above = (id: string) => focus.near.has(id) && !focus.below.has(id);
  const towards = above(edge.from) && above(edge.to);
  const away = (edge.from === focus.at || focus.below.has(edge.from)) && focus.below.has(edge.to);
  return towards || away;
}

function groupTitle(picture: GraphPicture, group: GraphLayout['groups'][number]): Html {
  const status = merged(picture, group.taskIds);
  const words = [`${group.taskIds.length} tasks`, status ? tookWords(status, picture.now) : '']
    .filter(Boolean)
    .join(' · ');
  return html`<a href="${picture.foldHref(group.id, true)}" aria-label="Fold ${group.id}"><path class="edge" d="m${group.x + 13} ${group.y + 13} 3.5 3.5 3.5-3.5"/><text class="group-title" x="${group.x + 26}" y="${group.y + 20}">${cut(group.label, 26)}</text></a><text class="group-sub" x="${group.x + 38 + Math.min(group.label.length, 26) * 6.6}" y="${group.y + 20}">${group.width > 240 ? words : ''}</text>`;
}

function nodeBox(picture: GraphPicture, node: PlacedNode, focus: Focus | null): Html {
  const status = merged(picture, node.taskIds);
  const state = status === null ? 'none' : (status.state ?? 'none');
  const classes = [
    focus === null ? '' : focus.near.has(node.id) ? 'in-focus' : 'out-of-focus',
    focus?.at === node.id ? 'at' : '',
  ].join(' ');
  const task = picture.dag.tasks.find((candidate) => candidate.taskId === node.id);
  const mapped = node.kind === 'folded' || task?.expand != null;
  const sub = subWords(picture, node, status);
  const glyph = glyphs[state];
  return html`<a class="${classes}" href="${picture.href(node.id)}" data-cell aria-label="${node.id}, ${stateWord(state === 'none' ? null : state)}, ${sub}"><g transform="translate(${node.x} ${node.y})">${mapped ? html`<path class="stack" d="M6 ${nodeHeight}v3q0 2 2 2h${nodeWidth - 16}q2 0 2-2v-3"/>` : ''}<rect class="node-box" width="${nodeWidth}" height="${nodeHeight}" rx="6"/><circle class="disc s-${state}" cx="20" cy="20" r="8"/>${glyph === undefined ? '' : html`<path class="glyph s-${state}" transform="translate(20 20)" d="${glyph}"/>`}<text class="node-name" x="38" y="17">${cut(node.label, 19)}</text><text class="node-sub" x="38" y="31">${cut(sub, 22)}</text><title>${node.id}: ${stateWord(state === 'none' ? null : state)}, ${sub}</title></g></a>`;
}

function subWords(picture: GraphPicture, node: PlacedNode, status: TaskStatus | null): string {
  const task = picture.dag.tasks.find((candidate) => candidate.taskId === node.id);
  const kind = node.kind === 'folded' ? `${node.taskIds.length} tasks` : (task?.kindLabel ?? task?.operator ?? '');
  if (status === null) return kind;
  const several = status.total > 1 ? `${status.done} of ${status.total}` : '';
  const took = tookWords(status, picture.now);
  return [node.kind === 'folded' ? several || kind : several || kind, took].filter(Boolean).join(' · ');
}

function tookWords(status: TaskStatus, now: number): string {
  if (status.startedAt === null) return '';
  return status.endedAt === null || status.done < status.total
    ? `${formatDuration(now - status.startedAt)} so far`
    : formatDuration(status.endedAt - status.startedAt);
}

function merged({ statuses }: GraphPicture, taskIds: string[]): TaskStatus | null {
  const parts = taskIds.map((id) => statuses.get(id)).filter((status) => status !== undefined);
  if (parts.length === 0) return null;
  const starts = parts.map((part) => part.startedAt).filter((at) => at !== null);
  const ends = parts.map((part) => part.endedAt).filter((at) => at !== null);
  return {
    state: worstState(parts.map((part) => part.state)),
    total: parts.reduce((sum, part) => sum + part.total, 0),
    done: parts.reduce((sum, part) => sum + part.done, 0),
    startedAt: starts.length === 0 ? null : Math.min(...starts),
    endedAt: ends.length === 0 ? null : Math.max(...ends),
  };
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}
