import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, type FieldError, SlackwaterError } from '../platform/errors.js';
import { troubleOf } from '../store/trouble.js';

/** RFC 9457. `type` ends with the error's code. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  errors?: FieldError[];
}

const TITLES: Record<ErrorCode, string> = {
  'bad-definition': 'The definition is wrong',
  'bad-request': 'The request is wrong',
  'bad-config': 'The configuration is wrong',
  'bad-state': 'The state cannot be used',
  'invalid-body': 'The body does not have the shape that is asked for',
  'invalid-payload': "The payload does not fit the job's schema",
  'invalid-manifest': 'The release manifest is wrong',
  'digest-mismatch': 'The content does not match its digest',
  'missing-blob': 'Files of the release are missing',
  'not-found': 'There is no such thing',
  conflict: 'That cannot be done now',
  'key-reused': 'The Idempotency-Key was used for another request',
  'precondition-failed': 'It has changed meanwhile',
  'method-not-allowed': 'The method is not allowed here',
  'too-large': 'It is too large',
  'unsupported-media-type': 'The content type is not supported',
  unauthorized: 'A token is needed',
  forbidden: 'That is not permitted',
  unavailable: 'Not available at the moment',
  internal: 'Something went wrong in the server',
};

export function problemOf(error: SlackwaterError, instance?: string): Problem {
  return {
    type: `/problems/${error.code}`,
    title: TITLES[error.code],
    status: error.status,
    detail: error.message,
    ...(instance === undefined ? {} : { instance }),
    ...(error.errors.length > 0 ? { errors: error.errors.slice(0, 100) } : {}),
  };
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: SlackwaterError,
): FastifyReply {
  if (error.code === 'unavailable') reply.header('retry-after', retryAfter(error));
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problemOf(error, request.url.slice(0, 500)));
}

/** Seconds. Who waits for a person need not ask each second. */
const retryAfter = ({ cause }: SlackwaterError) => (troubleOf(cause)?.lasts ? '10' : '1');

/** What is no HTTP at all, too large a head, or too slow: answered on the bare socket. */
export function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, title, detail] = BROKEN_HTTP[error.code ?? ''] ?? BROKEN_HTTP.other!;
  const body = JSON.stringify({ type: '/problems/bad-request', title, status, detail } satisfies Problem);
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const BROKEN_HTTP: Record<string, [status: number, title: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    'the headers are too large: send fewer or shorter ones',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come in time: send it faster'],
  other: [400, 'Bad Request', 'this is no HTTP request: check what sends it'],
};

/** Whatever was thrown, as an error that clients may see. What is not known here is `internal`, and tells nothing of the inside. */
export function readError(thrown: unknown): SlackwaterError {
  if (thrown instanceof SlackwaterError) return thrown;
  const { message, code, statusCode } = thrown as Error & { code?: string; statusCode?: number };
  const known = OF_FASTIFY[String(code)];
  if (known) return new SlackwaterError(known[0], known[1]);
  const trouble = troubleOf(thrown);
  if (trouble) return new SlackwaterError('unavailable', trouble.text, [], { cause: thrown });
  if (thrown instanceof RangeError && /call stack/.test(message))
    return new SlackwaterError('invalid-body', 'the body is nested too deeply: give it fewer levels');
  if (statusCode && statusCode >= 400 && statusCode < 500) return new SlackwaterError('bad-request', message);
  return new SlackwaterError('internal', 'an internal error: the log of the server has it', [], {
    cause: thrown,
  });
}

const OF_FASTIFY: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'too-large',
    'the body is larger than this server takes (server.bodyLimit): send less at once',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported-media-type',
    'this content type is not taken here: send application/json (files of a release: application/octet-stream)',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'the body is not as long as Content-Length says'],
  FST_ERR_BAD_URL: ['bad-request', 'the path is not a valid URL path: percent-encode what is special in it'],
  FST_ERR_MAX_PARAM_LENGTH: ['bad-request', 'a part of the path is longer than any name or ID'],
};
