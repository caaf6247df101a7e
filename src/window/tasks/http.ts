import type { TaskAction } from '../../model/task.js';
import { OutputTail } from './output-tail.js';
import { done, type Executor, failed, lost, type Result, type Try, whyGivenUp } from './try.js';

/** Of an answer's body no more is read, bytes: its status has decided. */
const MOST_READ = 1024 * 1024;

type Http = NonNullable<TaskAction['http']>;

/**
 * One HTTP request. What answers with the expected status (any 2xx, where none is given) did it; another answer says that it did nothing, and so does a connection that
 * never came about. One that breaks in between says nothing.
 */
export const callHttp: Executor = async (of, signal) => {
  const http = of.action.http!;
  const method = (http.method ?? (of.kind === 'hook' ? 'POST' : 'GET')).toUpperCase();
  let response: Response;
  try {
    response = await fetch(http.url, { ...requestOf(of, http, method), signal });
  } catch (error) {
    return signal.aborted ? lost(whyGivenUp(signal)) : broken(http, error as Error);
  }
  const output = await bodyOf(response);
  if (signal.aborted) return lost(`${whyGivenUp(signal)}, in the middle of the answer`, output.text);
  return resultOf(response, http, method, output);
};

function requestOf(of: Try, { body, headers, status }: Http, method: string): RequestInit {
  const reads = method === 'GET' || method === 'HEAD';
  const sent = reads ? undefined : JSON.stringify(body ?? about(of));
  return {
    method,
    body: sent,
    // A POST that is sent elsewhere would arrive as a GET: whoever it was meant for never sees it.
    redirect: reads && !isRedirect(status) ? 'follow' : 'manual',
    headers: {
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      'user-agent': 'slackwater',
      ...headers,
      'idempotency-key': `${of.window}/${of.task}`,
    },
  };
}

/** What is sent where no body was declared. */
const about = ({ window, app, release, previousRelease, kind, name, attempt }: Try) => ({
  window,
  app,
  release,
  previousRelease,
  [kind]: name,
  attempt,
});

const isRedirect = (status: number | undefined): boolean =>
  status !== undefined && status >= 300 && status < 400;

function resultOf(response: Response, { status }: Http, method: string, output: OutputTail): Result {
  if (status === undefined ? response.ok : response.status === status) return done(output.text);
  const answer = `answered ${response.status}${response.statusText && ` ${response.statusText}`}`;
  if (isRedirect(response.status) && !isRedirect(status)) {
    const location = response.headers.get('location') ?? 'nowhere';
    return failed(`${answer} to ${location}: a ${method} is not sent on, give that URL`, output.text);
  }
  return failed(status === undefined ? answer : `${answer} instead of ${status}`, output.text);
}

/** What went wrong before anything can have been sent: names, connections, certificates. */
const NEVER_SENT =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EACCES|UND_ERR_CONNECT|UND_ERR_INVALID|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

function broken({ url }: Http, error: Error): Result {
  const cause = error.cause as (Error & { code?: string }) | undefined;
  const { code = '', message = '' } = cause ?? {};
  // undici waits for the first byte of an answer for 5 minutes, whatever the time limit.
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return lost(`${url} began no answer within 5 minutes`);
  const text = `${url} could not be called: ${message || code || error.message}`;
  // Without a cause the request was never made.
  return cause === undefined || NEVER_SENT.test(code)
    ? failed(text)
    : lost(`${url} broke off: ${message || code || error.message}`);
}

async function bodyOf(response: Response): Promise<OutputTail> {
  const output = new OutputTail();
  let read = 0;
  try {
    for await (const chunk of response.body ?? []) {
      output.add(chunk);
      read += chunk.length;
      if (read >= MOST_READ) break;
    }
  } catch {
    // It broke off, or time is up: what came is kept.
  }
  return output;
}
