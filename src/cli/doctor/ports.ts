export interface DoctorPorts { close(): Promise<void> }
