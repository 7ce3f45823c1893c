import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, Hono } from 'hono';
import { hasCode } from '../lib/files.ts';
import type { Env } from './app.ts';

/** One built file, as test/tools/build-dashboard.ts lists it. */
interface Asset {
  readonly file: string;
  readonly type: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
  /** Forms that were compressed at the build, best first. */
  readonly encodings: readonly ('br' | 'gzip')[];
}
type Manifest = Readonly<Record<string, Asset>>;

const suffixes = { br: '.br', gzip: '.gz' } as const;
const here = import.meta.dirname;

/** Where the built page is, seen from the bundle in dist/ and from the source tree. */
export const dashboardFolder = here.endsWith('/src/http')
  ? join(here, '../../dist/dashboard')
  : join(here, 'dashboard');

/** Nothing but what we serve is loaded, nothing frames us, and no text becomes markup. */
const guarded = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

/**
 * Serves the built dashboard. Its files hold nothing of the fleet, so they need no token; each is read when it is asked for, for
 * a daemon that nobody looks at must not hold them in memory.
 */
export function addDashboard(app: Hono<Env>, folder: string): void {
  let manifest: Promise<Manifest> | undefined;
  const answer = async (context: Context<Env>): Promise<Response> => {
    manifest ??= manifestOf(folder).catch((error: unknown) => {
      manifest = undefined;
      throw error;
    });
    const assets = await manifest;
    const path = context.req.path;
    // A path is a key of the list and never a place on the disk.
    const asset = Object.hasOwn(assets, path) ? assets[path] : undefined;
    if (asset !== undefined) return served(context, folder, asset);
    return path === '/' ? unbuilt(context) : context.notFound();
  };
  app.get('/', answer);
  app.get('/assets/*', answer);
}

async function manifestOf(folder: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return {};
    throw error;
  }
}

async function served(context: Context<Env>, folder: string, asset: Asset): Promise<Response> {
  const { file, type, etag, immutable, encodings } = asset;
  const accepted = context.req.header('accept-encoding') ?? '';
  const encoding = encodings.find((one) =>
    new RegExp(`\\b${one}\\b(?!\\s*;\\s*q=0(?:\\.0*)?\\b)`, 'u').test(accepted),
  );
  const tag = `"${etag}${encoding === undefined ? '' : `-${encoding}`}"`;
  const headers = {
    ...guarded,
    etag: tag,
    vary: 'accept-encoding',
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if ((context.req.header('if-none-match') ?? '').split(/\s*,\s*/u).includes(tag))
    return context.body(null, 304, headers);
  const bytes = await readFile(join(folder, `${file}${encoding === undefined ? '' : suffixes[encoding]}`));
  return context.body(new Uint8Array(bytes), 200, {
    ...headers,
    'content-type': type,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  });
}

function unbuilt(context: Context<Env>): Response {
  const text = 'The dashboard is not built here. Build it with: make build\nThe API is at /api/v1/.\n';
  return context.text(text, 404, guarded);
}
