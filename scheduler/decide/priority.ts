import type { SerializedTask } from '../model/dag.js';

interface Node {
  index: number;
  task: Pick<SerializedTask, 'priorityWeight' | 'weightRule'>;
  upstream: readonly number[];
  downstream: readonly number[];
}

const weightMax = 2 ** 31 - 1;
const weightMin = -(2 ** 31);

/** The weight of each task with its rule applied: its own, plus that of all that follows (or precedes) it. */
export function priorityWeights(nodes: readonly Node[]): number[] {
  const needs = (rule: string) => nodes.some((node) => node.task.weightRule === rule);
  const below = needs('downstream') ? summed(nodes, 'downstream') : [];
  const above = needs('upstream') ? summed(nodes, 'upstream') : [];
  return nodes.map((node) => {
    const { priorityWeight, weightRule } = node.task;
    if (weightRule === 'absolute') return clamp(priorityWeight);
    return clamp(priorityWeight + ((weightRule === 'upstream' ? above : below)[node.index] as number));
  });
}

/** Per node, the sum of the weights of all that it reaches, each once. A bit per reachable node. */
function summed(nodes: readonly Node[], along: 'upstream' | 'downstream'): number[] {
  const words = Math.ceil(nodes.length / 32);
  const reached: (Uint32Array | undefined)[] = new Array(nodes.length);
  const sums: number[] = new Array(nodes.length).fill(0);
  for (const index of inOrder(nodes, along)) {
    const bits = new Uint32Array(words);
    for (const next of (nodes[index] as Node)[along]) {
      const theirs = reached[next] as Uint32Array;
      for (let word = 0; word < words; word++) (bits[word] as number) |= theirs[word] as number;
      (bits[next >> 5] as number) |= 1 << (next & 31);
    }
    reached[index] = bits;
    sums[index] = weigh(nodes, bits);
  }
  return sums;
}

function weigh(nodes: readonly Node[], bits: Uint32Array): number {
  let sum = 0;
  for (let word = 0; word < bits.length; word++) {
    for (let rest = bits[word] as number; rest !== 0; rest &= rest - 1) {
      const index = word * 32 + (31 - Math.clz32(rest & -rest));
      sum += (nodes[index] as Node).task.priorityWeight;
    }
  }
  return sum;
}

/** The nodes so ordered that all that a node reaches comes before it. */
function inOrder(nodes: readonly Node[], along: 'upstream' | 'downstream'): number[] {
  const against = along === 'upstream' ? 'downstream' : 'upstream';
  const open = nodes.map((node) => node[along].length);
  const ready = nodes.filter((node) => node[along].length === 0).map((node) => node.index);
  for (let at = 0; at < ready.length; at++) {
    for (const next of (nodes[ready[at] as number] as Node)[against]) {
      open[next] = (open[next] as number) - 1;
      if (open[next] === 0) ready.push(next);
    }
  }
  return ready;
}

function clamp(weight: number): number {
  return Math.max(weightMin, Math.min(weightMax, Math.trunc(weight)));
}
