/** A promise that the test settles. */
export function held<T>() {
  let settle = (_: T) => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}
