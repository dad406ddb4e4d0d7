import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError, type Host } from '@/host';
import { openSession, scopeNames } from '@/state/session';
import type { SessionView } from '@/wire/wire';

const can = { plan: false, review: false, publish: false, admin: false, end_replay: false };
const operator: SessionView = { signed_in: false, name: 'os:li', display_name: '', role: 'operator', can, scope: null, accounts_exist: true, demo: false, demo_accounts: [] };
const planner: SessionView = { ...operator, signed_in: true, name: 'planner', display_name: 'P', role: 'planner', can: { ...can, plan: true } };

/** A host that knows one account, `planner` with the password `right`. */
function testHost() {
  const test = {
    bearer: null as string | null,
    good: new Set<string>(),
    failing: null as HostError | null,
    deleted: 0,
    ended: () => undefined as void,
    get: vi.fn((): Promise<SessionView> => {
      if (test.failing) return Promise.reject(test.failing);
      return Promise.resolve({ ...(test.bearer !== null && test.good.has(test.bearer) ? planner : operator) });
    }),
    host: {
      get: () => test.get(),
      setBearer: (secret: string | null) => {
        test.bearer = secret;
      },
      onSessionEnded: (told: () => void) => {
        test.ended = told;
      },
      post: (_path: string, body: { name: string; password: string }) => {
        if (test.failing) {
          const { failing } = test;
          if (failing.code === 'session_ended') test.failing = null;
          return Promise.reject(failing);
        }
        if (body.password !== 'right') return Promise.reject(new HostError(401, 'wrong_password', 'no'));
        const secret = `gs_${test.good.size}`;
        test.good.add(secret);
        return Promise.resolve({ secret, session: { ...planner } });
      },
      delete: () => {
        if (test.failing) return Promise.reject(test.failing);
        test.deleted += 1;
        if (test.bearer !== null) test.good.delete(test.bearer);
        return Promise.resolve(undefined);
      },
    } as unknown as Host,
  };
  return test;
}

beforeEach(() => sessionStorage.clear());
afterEach(() => vi.unstubAllGlobals());

describe('the session of a tab', () => {
  it('is kept over a reload, and only in this tab', async () => {
    const test = testHost();
    const changed = vi.fn();
    const session = openSession(test.host, changed);
    await session.start();
    expect(session.state.view).toMatchObject({ signed_in: false, role: 'operator' });
    await session.signIn('planner', 'right');
    expect(session.state.view).toMatchObject({ signed_in: true, name: 'planner' });
    expect(changed).toHaveBeenCalledTimes(1);
    expect(localStorage.length).toBe(0);
    const reloaded = openSession(test.host, changed);
    test.bearer = null;
    await reloaded.start();
    expect(test.bearer).toBe('gs_0');
    expect(reloaded.state.view?.name).toBe('planner');
    sessionStorage.clear();
    const other = openSession(test.host, changed);
    await other.start();
    expect(test.bearer).toBeNull();
    expect(other.state.view?.signed_in).toBe(false);
  });

  it('says why signing in failed and stays who it was', async () => {
    const test = testHost();
    const changed = vi.fn();
    const session = openSession(test.host, changed);
    await session.start();
    await expect(session.signIn('planner', 'wrong')).rejects.toMatchObject({ code: 'wrong_password' });
    expect([session.state.view?.signed_in, test.bearer, sessionStorage.length]).toEqual([false, null, 0]);
    expect(changed).not.toHaveBeenCalled();
  });

  it('tries once more when the session before was over', async () => {
    const test = testHost();
    const session = openSession(test.host, () => undefined);
    test.failing = new HostError(401, 'session_ended', 'over');
    await session.signIn('planner', 'right');
    expect(session.state.view?.name).toBe('planner');
  });

  it('signs out, also when nobody answers', async () => {
    const test = testHost();
    const changed = vi.fn();
    const session = openSession(test.host, changed);
    await session.signIn('planner', 'right');
    await session.signOut();
    expect([test.deleted, test.bearer, session.state.view?.signed_in, sessionStorage.length]).toEqual([1, null, false, 0]);
    await session.signIn('planner', 'right');
    test.failing = new HostError(0, 'unreachable', '');
    await session.signOut();
    expect([test.bearer, sessionStorage.length]).toEqual([null, 0]);
    expect(changed).toHaveBeenCalledTimes(4);
  });

  it('that ends by itself is forgotten and said', async () => {
    const test = testHost();
    const changed = vi.fn();
    const session = openSession(test.host, changed);
    await session.signIn('planner', 'right');
    test.good.clear();
    test.bearer = null;
    test.ended();
    await vi.waitFor(() => expect(session.state.view?.signed_in).toBe(false));
    expect([session.state.ended, sessionStorage.length]).toEqual([true, 0]);
    expect(changed).toHaveBeenCalledTimes(2);
    await session.signIn('planner', 'right');
    expect(session.state.ended).toBe(false);
  });

  it('knows nobody behind a closed door, and keeps what it knows without a link', async () => {
    const test = testHost();
    const session = openSession(test.host, () => undefined);
    await session.signIn('planner', 'right');
    test.failing = new HostError(0, 'unreachable', '');
    await session.start();
    expect(session.state.view?.name).toBe('planner');
    test.failing = new HostError(401, 'sign_in', '');
    await session.start();
    expect(session.state.view).toMatchObject({ signed_in: false, name: '', accounts_exist: true });
  });

  it('works without storage', async () => {
    vi.stubGlobal('sessionStorage', {
      getItem: () => { throw new DOMException('no'); },
      setItem: () => { throw new DOMException('no'); },
      removeItem: () => { throw new DOMException('no'); },
    });
    const test = testHost();
    const session = openSession(test.host, () => undefined);
    await session.start();
    await session.signIn('planner', 'right');
    expect(session.state.view?.name).toBe('planner');
    await session.signOut();
    expect(session.state.view?.signed_in).toBe(false);
  });
});

describe('scope', () => {
  it('is told by names, by codes where there are none, and not at all of whoever is for everything', () => {
    expect(scopeNames(null)).toEqual([]);
    expect(scopeNames(planner)).toEqual([]);
    const divisions = [{ code: '330108001001', name: '东门社区' }, { code: '330108001002', name: '' }];
    expect(scopeNames({ ...planner, scope: { divisions, network: null } })).toEqual(['东门社区', '330108001002']);
    expect(scopeNames({ ...planner, scope: { divisions: [], network: 'police' } })).toEqual(['police']);
  });
});
