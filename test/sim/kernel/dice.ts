/** Everything a run draws comes from dice like these: the same seed and label always fall the same way. */
export class Dice {
  private a: number;
  private b: number;
  private c: number;
  private d: number;
  private readonly label: string;

  constructor(label: string) {
    this.label = label;
    [this.a, this.b, this.c, this.d] = mixed(label);
    for (let warm = 0; warm < 12; warm += 1) this.next();
  }

  /** Dice of their own for one purpose, so that a draw more here moves nothing there. */
  fork(purpose: string): Dice {
    return new Dice(`${this.label}/${purpose}`);
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.next() / 4_294_967_296;
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  /** True with the given probability. */
  chance(part: number): boolean {
    return this.unit() < part;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.int(0, list.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** One of the words, each as often as its weight says. */
  weighted<W extends string>(weights: Readonly<Record<W, number>>): W {
    const entries = Object.entries(weights) as [W, number][];
    let left = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [word, weight] of entries) {
      left -= weight;
      if (left < 0) return word;
    }
    throw new Error('no weights');
  }

  hex(bytes: number): string {
    let text = '';
    while (text.length < bytes * 2) text += this.next().toString(16).padStart(8, '0');
    return text.slice(0, bytes * 2);
  }

  /** Sfc32: small, fast, and good enough that no schedule repeats. */
  private next(): number {
    const sum = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return sum >>> 0;
  }
}

function mixed(label: string): [number, number, number, number] {
  const state: [number, number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  for (let at = 0; at < label.length; at += 1) {
    const code = label.charCodeAt(at);
    for (let word = 0; word < 4; word += 1) {
      const mixedIn = Math.imul((state[word] ?? 0) ^ code, 0x85ebca6b + word * 0x01000193);
      state[word] = (mixedIn << 13) | (mixedIn >>> 19);
    }
  }
  return state;
}
