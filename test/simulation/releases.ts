/** The state of a run: how far it is, and in which version that is written. */
export interface State {
  version: number;
  done: number;
  /** The release that wrote it. */
  by: string;
}

/** What a release is like, as far as a window can tell. */
export interface Release {
  name: string;
  /** Of the states that it writes. */
  version: number;
  /** Versions that it reads. */
  reads: number[];
  loads: boolean;
  /** Of the states of others it reads none that is further than this: a mistake in an upgrade that only some states meet. */
  readsUpTo: number;
  /** Brings its own states down to the version before. */
  hasDowngrade: boolean;
  onRollback: 'repeat' | 'park';
  /** Share of the steps of a run that fail; of those that kill their worker. */
  fails: number;
  kills: number;
}

export const OLD: Release = {
  name: 'old',
  version: 1,
  reads: [1],
  loads: true,
  readsUpTo: Number.POSITIVE_INFINITY,
  hasDowngrade: false,
  onRollback: 'repeat',
  fails: 0,
  kills: 0,
};

export const NEW: Release = { ...OLD, name: 'new', version: 2, reads: [1, 2], hasDowngrade: true };

/** What it has written itself it reads; else as it says. */
export const canRead = (release: Release, state: State | null): boolean =>
  state === null ||
  state.by === release.name ||
  (release.reads.includes(state.version) && state.done <= release.readsUpTo);
