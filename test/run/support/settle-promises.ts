/** Lets every Promise that can settle do so: one turn of the event loop. */
export async function settlePromises(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
