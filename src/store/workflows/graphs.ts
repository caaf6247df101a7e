import { createHash } from 'node:crypto';
import type { WorkflowGraph } from '../../model/workflow.js';

/** Graphs never change, and one of many steps is large: a host reads it once. */
const graphs = new Map<string, WorkflowGraph>();
const MOST = 50;

/** Under which it is known, whichever run keeps it. */
export const keyOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** @param key `undefined`: the run has begun before graphs had one. */
export function graphOf(text: string, key = keyOf(text)): WorkflowGraph {
  const known = graphs.get(key);
  if (known) return known;
  const graph = JSON.parse(text) as WorkflowGraph;
  graphs.set(key, graph);
  for (const oldest of graphs.keys()) if (graphs.size > MOST) graphs.delete(oldest);
  return graph;
}

/** One that has been read here; `undefined`: it has not, or it is long ago. */
export const knownGraph = (key: string): WorkflowGraph | undefined => graphs.get(key);
