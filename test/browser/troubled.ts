/** The same, until a test makes trouble: from then on every question is refused with it. */
export function troubled<T extends object>(of: T, trouble: () => Error | undefined): T {
  return new Proxy(of, {
    get: (target, name) => {
      const error = trouble();
      return error === undefined ? (Reflect.get(target, name) as unknown) : () => Promise.reject(error);
    },
  });
}
