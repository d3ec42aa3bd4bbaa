import { MillraceError } from 'millrace';
import { expect, test } from 'vitest';

/** Something that users get wrong: what, what the message has to say of it, and how. */
export type Mistake = readonly [what: string, says: string, make: () => unknown];

/** What the compiler would refuse. */
export const wrong = (value: unknown): never => value as never;

/** Longer ones aren't read where names are short. */
const longest = 220;

/** Each mistake is told by an error of millrace's own, in one line, with the culprit in it, and by what is to be done. */
export function testMistakes(mistakes: readonly Mistake[]): void {
  test.each(mistakes)('%s is told in one line: %s', async (_, says, make) => {
    const error = await outcomeOf(make);
    expect(error).toBeInstanceOf(MillraceError);
    const { message } = error as MillraceError;
    expect(message).toContain(says);
    expect(message).not.toMatch(/[\r\n]/);
    expect(message.length).toBeLessThan(longest);
  });
}

async function outcomeOf(make: () => unknown): Promise<unknown> {
  try {
    await make();
  } catch (error) {
    return error;
  }
  return undefined;
}
