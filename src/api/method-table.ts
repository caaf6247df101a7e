import type { Api } from './context.js';

/** Which methods a path takes: for the answer to one that it does not. */
export interface MethodTable {
  of(path: string): string[];
}

export function createMethodTable(api: Api): MethodTable {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  api.addHook('onRoute', ({ url, method }) => {
    const source = url
      .split('/')
      .map(part =>
        part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*', '.*'),
      )
      .join('/');
    routes.push({ pattern: new RegExp(`^${source}/?$`), methods: [method].flat() });
  });
  return {
    of: path => [
      ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
    ],
  };
}
