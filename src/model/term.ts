/** One unbroken right to write: `epoch` is its number, `writer` the random name of who holds it, `seq` counts pushes inside it. */
export interface Term {
  readonly clusterId: string;
  readonly epoch: number;
  readonly writer: string;
}

/** The position of one push: what the fence on a node compares. */
export interface Position {
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
}
