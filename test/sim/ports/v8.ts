// node:v8: the heap's tuning is the real process's own business.
export const setFlagsFromString = (): void => undefined;
export const getHeapStatistics = () => ({ used_heap_size: 0, heap_size_limit: 0 });
