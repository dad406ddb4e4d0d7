/**
 * Who is signed in on this page. The secret lives as long as the tab: a reload stays signed in, another tab may be somebody
 * else. What one may do is asked of the wall; it checks every command again.
 */
import { reactive } from 'vue';
import { HostError, type Host } from '@/host';
import type { SessionView, SignedInView } from '@/wire/wire';

const storeKey = 'gridwall.session';

/** What is known about who asks. */
export interface SessionState {
  /** What the wall says; `null` before its first word. Where it lets nobody in, nobody is signed in. */
  view: SessionView | null;
  /** The session ended by itself (time, another password, removed account): said until somebody signs in. */
  ended: boolean;
}

/** Names of what somebody is for, by their codes where they have none; empty = everything. */
export function scopeNames(view: SessionView | null): string[] {
  const scope = view?.scope;
  if (!scope) return [];
  return [...scope.divisions.map((division) => division.name || division.code), ...(scope.network === null ? [] : [scope.network])];
}

/** Whether somebody is for a part of the territory alone: what concerns everything is not theirs. */
export const isForPart = (view: SessionView | null): boolean => (view?.scope ?? null) !== null;

/** Signing in and out. */
export interface Session {
  state: SessionState;
  /** Takes up the session of this tab and asks who that is. */
  start(): Promise<void>;
  /** Signs in; throws `HostError` when refused. */
  signIn(name: string, password: string): Promise<void>;
  /** Signs out, also when nobody answers. */
  signOut(): Promise<void>;
}

/** A tab without storage (private windows of some browsers) signs in for as long as it is not reloaded. */
function keep(secret: string | null): void {
  try {
    if (secret === null) sessionStorage.removeItem(storeKey);
    else sessionStorage.setItem(storeKey, secret);
  } catch {
    // Nothing is kept.
  }
}
function kept(): string | null {
  try {
    return sessionStorage.getItem(storeKey);
  } catch {
    return null;
  }
}

/**
 * The session of a page. `onChange`: somebody else asks from now on, so everything shown is asked for anew; `left` when a
 * person signed out, and what they saw goes with them.
 */
export function openSession(host: Host, onChange: (left: boolean) => void): Session {
  const state: SessionState = reactive({ view: null, ended: false });

  async function look(): Promise<void> {
    try {
      state.view = await host.get('api/v1/session');
    } catch (error) {
      // A lost link changes nobody's name; a closed door does.
      const closed = error instanceof HostError && error.status === 401;
      if (closed && state.view) Object.assign(state.view, { signed_in: false, name: '', display_name: '', role: '', can: { plan: false, review: false, publish: false, admin: false, end_replay: false }, scope: null });
    }
  }

  host.onSessionEnded(() => {
    keep(null);
    state.ended = true;
    void look();
    onChange(false);
  });

  return {
    state,
    async start() {
      host.setBearer(kept());
      await look();
    },
    async signIn(name, password) {
      const send = (): Promise<SignedInView> => host.post('api/v1/session', { name, password });
      const answer = await send().catch((error: unknown) => {
        // The session from before was over, and the host has let go of it.
        if (error instanceof HostError && error.code === 'session_ended') return send();
        throw error;
      });
      host.setBearer(answer.secret);
      keep(answer.secret);
      state.view = answer.session;
      state.ended = false;
      onChange(false);
    },
    async signOut() {
      try {
        await host.delete('api/v1/session');
      } catch {
        // It ends by itself later; here it ends now.
      }
      host.setBearer(null);
      keep(null);
      state.ended = false;
      await look();
      onChange(true);
    },
  };
}
