import * as z from 'zod';
import { parseManifest } from '../../model/manifest.js';
import { sha256Schema } from '../../model/release.js';
import { SlackwaterError } from '../../platform/errors.js';
import { checkPayloadSchemas } from '../../release/payloads.js';
import { appendEvent } from '../../store/events.js';
import { getBlob, getRelease, hasBlob, listReleases, putBlob, putRelease } from '../../store/releases.js';
import type { Routes } from '../context.js';
import { releaseUses } from '../release-use.js';
import { listOf, open, releaseShape, usedReleaseShape } from '../shapes.js';
import { idParams, limitInput } from '../validation.js';

const tags = ['releases'];
const blobParams = z.strictObject({ sha256: sha256Schema });

export const releaseRoutes: Routes = (api, { store, config }) => {
  const maxBytes = config.limits.releaseBytes;

  api.post(
    '/v1/releases',
    {
      schema: {
        tags,
        summary: 'Store a release whose files are there as blobs',
        description:
          'The body is the manifest that `slackwater release build` wrote. May be repeated: 200 where it was there already.',
        body: z.record(z.string(), z.unknown()),
        response: { 200: releaseShape, 201: releaseShape },
      },
    },
    async (request, reply) => {
      await checkPayloadSchemas(parseManifest(request.body));
      const { release, created } = await putRelease(store, request.body, { maxBytes });
      if (created) await appendEvent(store, 'release.pushed', { app: release.app, release: release.id });
      return reply
        .code(created ? 201 : 200)
        .header('location', `/v1/releases/${release.id}`)
        .send(release);
    },
  );

  api.get(
    '/v1/releases',
    {
      schema: {
        tags,
        summary: 'Releases, the newest first',
        querystring: z.strictObject({
          app: z.string().max(100).optional(),
          cursor: z.string().max(1_000).optional(),
          limit: limitInput(100, 50),
        }),
        response: { 200: listOf(usedReleaseShape) },
      },
    },
    async request => {
      const [{ items, nextCursor }, used] = await Promise.all([
        listReleases(store, request.query),
        releaseUses(store),
      ]);
      return { items: items.map(used), nextCursor };
    },
  );

  api.get(
    '/v1/releases/:id',
    {
      schema: {
        tags,
        summary: 'One release, by its ID, its digest, or the beginning of one',
        params: idParams,
        response: { 200: usedReleaseShape },
      },
    },
    async request => {
      const [release, used] = await Promise.all([getRelease(store, request.params.id), releaseUses(store)]);
      return used(release);
    },
  );

  // HEAD tells whether a push may leave this one out.
  api.route({
    method: 'HEAD',
    url: '/v1/blobs/:sha256',
    // The document leaves HEAD out unless told otherwise.
    config: { swagger: { exposeHeadRoute: true } },
    schema: {
      tags,
      summary: 'Whether a file is there: 204 or 404',
      params: blobParams,
      response: { 204: z.undefined() },
    },
    handler: async (request, reply) => {
      if (!(await hasBlob(store, request.params.sha256))) throw noBlob(request.params.sha256);
      return reply.code(204).send();
    },
  });

  api.get(
    '/v1/blobs/:sha256',
    {
      schema: {
        tags,
        summary: 'A file of a release, as application/octet-stream',
        params: blobParams,
        response: { 200: fileShape },
      },
    },
    async (request, reply) => {
      const bytes = await getBlob(store, request.params.sha256);
      if (bytes === null) throw noBlob(request.params.sha256);
      return reply.type('application/octet-stream').send(bytes);
    },
  );

  // Its own scope: only here is a body of bytes taken, and only here may it be as large as a release.
  api.register(async scope => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/octet-stream',
      { parseAs: 'buffer', bodyLimit: maxBytes },
      (_request, body, done) => done(null, body),
    );
    scope.put(
      '/v1/blobs/:sha256',
      {
        bodyLimit: maxBytes,
        schema: {
          tags,
          summary: 'Store a file of a release under its digest',
          description:
            'The body is the file, as application/octet-stream. May be repeated: 200 where it was there already. A blob that no release names is dropped after a day.',
          params: blobParams,
          response: { 200: blobShape, 201: blobShape },
        },
      },
      async (request, reply) => {
        const { sha256 } = request.params as z.output<typeof blobParams>;
        const bytes = request.body ?? new Uint8Array();
        if (!(bytes instanceof Uint8Array))
          throw new SlackwaterError(
            'unsupported-media-type',
            'send the bytes of the file as application/octet-stream',
          );
        const created = await putBlob(store, sha256, bytes, { maxBytes });
        return reply.code(created ? 201 : 200).send({ sha256, bytes: bytes.length });
      },
    );
  });
};

const fileShape = {
  description: 'the bytes whose digest was asked for',
  content: { 'application/octet-stream': { schema: z.unknown() } },
};
const noBlob = (sha256: string) => new SlackwaterError('not-found', `there is no blob ${sha256}: PUT it`);
const blobShape = open({ sha256: z.string(), bytes: z.int() });
