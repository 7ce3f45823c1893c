import { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { waited, type Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { placeOf, type Place } from '../lib/place.ts';
import { certificateIn, stampOf, type CertificateFiles } from './certificate.ts';
import { oldestTls, type Certified, type Listening } from './listen.ts';

export interface DoorParts {
  /** Where it is to be, as the settings say it; `off` for nowhere. */
  readonly place: string;
  /** Without them it speaks no TLS. */
  readonly files: CertificateFiles | undefined;
  readonly listen: (place: Place, tls: Certified | undefined) => Promise<Listening>;
  /** What is told when it is open, with every opening. */
  readonly onOpen: () => void;
  /** What is told once where it cannot be opened. */
  readonly shut: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const againMs = 30_000;
const renewMs = 60_000;

/**
 * A listener that is kept open: a place or a certificate that cannot be had is told once and tried again, and a certificate that was
 * renewed is taken up without a restart.
 */
export class Door {
  readonly #parts: DoorParts;
  readonly #stop = new AbortController();
  #open: Listening | undefined;
  #stamp = '';
  #work = Promise.resolve();

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  /** Where it listens; undefined while the place cannot be had. */
  address(): AddressInfo | undefined {
    return (this.#open?.server.address() as AddressInfo | null | undefined) ?? undefined;
  }

  async begin(): Promise<void> {
    const { log, shut } = this.#parts;
    const place = placeOf(this.#parts.place);
    if (place === undefined) return;
    try {
      await this.#listen(place);
    } catch (error) {
      log.error(`${shut}; it is tried again`, { address: this.#parts.place, error });
    }
    this.#work = this.#keep(place);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#work;
    await this.#open?.close();
  }

  async #keep(place: Place): Promise<void> {
    const { clock, files } = this.#parts;
    while (await waited(clock, this.#open === undefined ? againMs : renewMs, this.#stop.signal)) {
      // That it failed at first was told before.
      if (this.#open === undefined) await this.#listen(place).catch(() => undefined);
      else if (files === undefined) return;
      else this.#renew(this.#open, files);
    }
  }

  async #listen(place: Place): Promise<void> {
    const { files, listen, onOpen } = this.#parts;
    const pair = files === undefined ? undefined : certificateIn(files);
    this.#open = await listen(place, pair);
    this.#stamp = pair?.stamp ?? '';
    onOpen();
  }

  #renew({ server }: Listening, files: CertificateFiles): void {
    const { log, place } = this.#parts;
    const told = { address: place, certificate: files.certificate };
    try {
      const stamp = stampOf(files);
      if (stamp === this.#stamp) return;
      // Whatever becomes of it: the same pair is not tried, and told, every minute.
      this.#stamp = stamp;
      const { cert, key } = certificateIn(files);
      if (!(server instanceof Server)) return;
      server.setSecureContext({ cert, key, minVersion: oldestTls });
      log.info('the renewed certificate is shown from now on', told);
    } catch (error) {
      log.error('the renewed certificate cannot be used; the old one stays', { ...told, error });
    }
  }
}
