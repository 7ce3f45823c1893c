// src/enrol/receiver-file.ts in the simulator: a receiver that only model nodes run.

export interface ReceiverFile {
  readonly version: string;
  readonly bytes: Buffer;
  readonly installer: Buffer;
}

/** The version that model nodes report once they were enrolled. */
export const receiverVersion = '1.0.0';

const file: ReceiverFile = {
  version: receiverVersion,
  bytes: Buffer.from('receiver\n'),
  installer: Buffer.from('installer\n'),
};

export const loadReceiver = (): Promise<ReceiverFile> => Promise.resolve(file);
export const assemble = loadReceiver;
