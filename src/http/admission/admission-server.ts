import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { addressOf } from '../../config/api-schema.ts';
import type { Settings } from '../../config/settings.ts';
import { waited } from '../../lib/clock.ts';
import { messageOf, SyncError } from '../../lib/errors.ts';
import { Allowance } from '../allowance.ts';
import type { Env } from '../app.ts';
import { addressIn, fromAllowed } from '../guards.ts';
import { listen, type Certified, type Listening } from '../listen.ts';
import { tryAgain } from '../patient.ts';
import { problemOf } from '../problem.ts';
import { answerTo, reviewSchema } from './review.ts';
import { Reviewer, type ReviewerParts } from './reviewer.ts';

export interface AdmissionServerParts extends ReviewerParts {
  readonly settings: Settings['admission'];
  /** Certificate and key, wherever the settings leave them. */
  readonly files: { readonly certificate: string; readonly key: string };
}

/** Where the API server asks. */
export const admissionPath = '/admission';

// Two ConfigMaps of 1 MiB, each with every byte escaped.
const mostBytes = 8_388_608;
const renewMs = 60_000;

/**
 * Serves reviews of edits over TLS. A place or certificate that cannot be had is told and tried again; until then edits go through
 * unjudged, as the manifest says.
 */
export class AdmissionServer {
  readonly #parts: AdmissionServerParts;
  readonly #reviewer: Reviewer;
  readonly #stop = new AbortController();
  #open: Listening | undefined;
  #background = Promise.resolve();

  constructor(parts: AdmissionServerParts) {
    this.#parts = parts;
    this.#reviewer = new Reviewer(parts);
  }

  /** The port it is served at; undefined while the place cannot be had. */
  port(): number | undefined {
    return (this.#open?.server.address() as AddressInfo | null | undefined)?.port;
  }

  async begin(): Promise<void> {
    const { clock, log, settings } = this.#parts;
    try {
      await this.#listen();
      this.#background = this.#renew();
    } catch (error) {
      const text = 'edits of the registries cannot be judged before they are saved; it is tried again';
      log.error(text, { address: settings.listen, error });
      const open = (): Promise<void> => this.#listen();
      this.#background = tryAgain(open, clock, this.#stop.signal).then(() => this.#renew());
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#reviewer.close();
    await this.#background;
    await this.#open?.close();
  }

  async #listen(): Promise<void> {
    const { settings, files, log } = this.#parts;
    const place = addressOf(settings.listen);
    if (place === undefined) return;
    this.#open = await listen(appOf(this.#parts, this.#reviewer), place, certificateIn(files));
    log.info('edits of the registries are judged before they are saved', { port: this.port() });
  }

  /** Takes up a certificate that was replaced. */
  async #renew(): Promise<void> {
    const { clock, files, log } = this.#parts;
    let taken = versionOf(files);
    while (await waited(clock, renewMs, this.#stop.signal)) {
      const now = versionOf(files);
      if (now === taken) continue;
      taken = now;
      try {
        const { cert, key } = certificateIn(files);
        // `listen` makes a server of TLS wherever it is given a certificate.
        (this.#open?.server as Server | undefined)?.setSecureContext({ cert, key });
        log.info('the certificate for reviews was replaced', { file: files.certificate });
      } catch (error) {
        log.error('the new certificate for reviews cannot be used; the old one stays', { error });
      }
    }
  }
}

function appOf(parts: AdmissionServerParts, reviewer: Reviewer): Hono<Env> {
  const { settings, clock } = parts;
  const asked = new Allowance(settings.requestsPerMinute, clock);
  const app = new Hono<Env>();
  app.onError((error, context) => {
    const { status, problem } = problemOf(error);
    return context.json(problem, status as ContentfulStatusCode);
  });
  app.use('*', fromAllowed(settings.allowFrom, 'admission.allowFrom'));
  app.post(admissionPath, bodyLimit({ maxSize: mostBytes }), async (context) => {
    const parsed = reviewSchema.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success)
      throw new SyncError(
        'usage',
        'admission: expected an AdmissionReview of admission.k8s.io/v1, got something else',
      );
    const { request } = parsed.data;
    const isTooMuch = asked.take(addressIn(context)) > 0;
    return context.json(
      isTooMuch ? answerTo(request.uid, { errors: [], warnings: [] }) : reviewer.answer(request),
    );
  });
  return app;
}

function certificateIn({ certificate, key }: AdmissionServerParts['files']): Certified {
  try {
    return { cert: readFileSync(certificate), key: readFileSync(key) };
  } catch (error) {
    const remedy = 'syncctl admission manifest';
    throw new SyncError(
      'config',
      `admission: expected readable files of the certificate and its key, got ${messageOf(error)}; ${remedy} makes them`,
      { remedy },
    );
  }
}

function versionOf({ certificate, key }: AdmissionServerParts['files']): string {
  const at = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return `${String(at(certificate))} ${String(at(key))}`;
}
