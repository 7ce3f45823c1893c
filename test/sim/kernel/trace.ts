/** What happened, line by line, and a digest of all of it: two runs of a seed are the same run if their digests agree. */
export class Trace {
  private readonly clock: () => number;
  private readonly keep: boolean;
  private readonly kept: string[] = [];
  private hash = 0x811c9dc5;
  private count = 0;

  constructor(clock: () => number, keep: boolean) {
    this.clock = clock;
    this.keep = keep;
  }

  note(line: string): void {
    const text = `${(this.clock() / 1000).toFixed(3).padStart(10)} ${line}`;
    this.count += 1;
    for (let at = 0; at < text.length; at += 1)
      this.hash = Math.imul(this.hash ^ text.charCodeAt(at), 0x01000193);
    this.kept.push(text);
    if (!this.keep && this.kept.length > 400) this.kept.splice(0, 200);
  }

  lines(): readonly string[] {
    return this.kept;
  }

  digest(): string {
    return `${(this.hash >>> 0).toString(16).padStart(8, '0')}-${this.count}`;
  }
}
