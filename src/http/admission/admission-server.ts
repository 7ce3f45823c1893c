import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Settings } from '../../config/settings.ts';
import { SyncError } from '../../lib/errors.ts';
import { Allowance } from '../allowance.ts';
import type { Env } from '../app.ts';
import { Door } from '../door.ts';
import { addressIn, fromAllowed } from '../guards.ts';
import { listen } from '../listen.ts';
import { problemOf } from '../problem.ts';
import type { ReviewedCluster } from './clusters.ts';
import { answerTo, reviewSchema } from './review.ts';
import { Reviewer, type ReviewerParts } from './reviewer.ts';

export interface AdmissionServerParts extends Omit<ReviewerParts, 'cluster'> {
  /** The cluster of a name; without one that of the only source, or of home. */
  readonly clusterNamed: (name: string | undefined) => ReviewedCluster | undefined;
  readonly settings: Settings['admission'];
  /** Certificate and key, wherever the settings leave them. */
  readonly files: { readonly certificate: string; readonly key: string };
}

/** Where the API server asks; that of one of several sources names it behind a slash. */
export const admissionPath = '/admission';

// Two ConfigMaps of 1 MiB, each with every byte escaped.
const mostBytes = 8_388_608;

/** Serves reviews of edits over TLS; while the place cannot be had, edits go through unjudged, as the manifest says. */
export class AdmissionServer {
  readonly #parts: AdmissionServerParts;
  readonly #reviewers = new Map<string | undefined, Reviewer>();
  readonly #door: Door;

  constructor(parts: AdmissionServerParts) {
    const { settings, files, clock, log } = parts;
    this.#parts = parts;
    this.#door = new Door({
      ...{ place: settings.listen, clock, log },
      files: { ...files, section: 'admission', remedy: 'syncctl admission manifest' },
      listen: (place, tls) => {
        const app = appOf(parts, (name) => this.#reviewerOf(name));
        return listen(app, place, tls);
      },
      onOpen: () => {
        log.info('edits of the registries are judged before they are saved', { port: this.port() });
      },
      shut: 'edits of the registries cannot be judged before they are saved',
    });
  }

  /** The port it is served at; undefined while the place cannot be had. */
  port(): number | undefined {
    return this.#door.address()?.port;
  }

  begin(): Promise<void> {
    return this.#door.begin();
  }

  async close(): Promise<void> {
    for (const reviewer of this.#reviewers.values()) reviewer.close();
    await this.#door.close();
  }

  /** Each cluster has one of its own: an edit of one must not end the look at that of another. */
  #reviewerOf(name: string | undefined): Reviewer | undefined {
    const known = this.#reviewers.get(name);
    if (known !== undefined) return known;
    const cluster = this.#parts.clusterNamed(name);
    if (cluster === undefined) return undefined;
    const reviewer = new Reviewer({ ...this.#parts, cluster });
    this.#reviewers.set(name, reviewer);
    return reviewer;
  }
}

function appOf(
  parts: AdmissionServerParts,
  reviewerOf: (name: string | undefined) => Reviewer | undefined,
): Hono<Env> {
  const { settings, clock } = parts;
  const asked = new Allowance(settings.requestsPerMinute, clock);
  const app = new Hono<Env>();
  app.onError((error, context) => {
    const { status, problem } = problemOf(error);
    return context.json(problem, status as ContentfulStatusCode);
  });
  app.use('*', fromAllowed(settings.allowFrom, 'admission.allowFrom'));
  app.use('*', bodyLimit({ maxSize: mostBytes }));
  app.on('POST', [admissionPath, `${admissionPath}/:source`], async (context) => {
    const parsed = reviewSchema.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success)
      throw new SyncError(
        'usage',
        'admission: expected an AdmissionReview of admission.k8s.io/v1, got something else',
      );
    const { request } = parsed.data;
    const reviewer = reviewerOf(context.req.param('source'));
    if (reviewer === undefined) throw unknownPlace(context.req.path);
    const isTooMuch = asked.take(addressIn(context)) > 0;
    return context.json(
      isTooMuch ? answerTo(request.uid, { errors: [], warnings: [] }) : reviewer.answer(request),
    );
  });
  return app;
}

function unknownPlace(path: string): SyncError {
  return new SyncError(
    'notFound',
    `admission: expected ${admissionPath}, or ${admissionPath}/SOURCE with a name of the setting sources, got ${path}`,
    { remedy: 'syncctl admission manifest --source' },
  );
}
