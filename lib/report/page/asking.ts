import type { Ability } from '../dashboard-frame.ts';

/** What can be asked of a run from the page. */
export interface Asking {
  /** Whether this page has a token, and the run can do it. */
  can(ability: Ability): boolean;
  /** Asks; what comes of it is said on the page. */
  ask(action: 'cancel' | 'pause' | 'resume' | 'limits' | 'cancel-step', body?: object): void;
}

/** Asks the server, and gives in words what came of it. */
export async function askServer(
  action: string,
  token: string,
  body: object,
): Promise<{ readonly isDone: boolean; readonly text: string }> {
  let response: Response;
  try {
    response = await fetch(action, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    return { isDone: false, text: 'Not done: the dashboard does not answer. Is its process still running?' };
  }
  const text = await response.text();
  return { isDone: response.ok, text: response.ok ? `Done: ${text}.` : `Not done: ${text}` };
}
