/** What the components of a page share. Each asks for what it needs: the host, the feed, the viewer, the session. */
import { inject, type InjectionKey } from 'vue';
import type { Host } from '@/host';
import type { Clocks } from './clock';
import type { Link } from './feed';
import type { News } from './news';
import type { Session } from './session';
import type { Viewer } from './viewer';
import type { WallState } from './wall';

/** What the server said, of which time, and how it is asked for another. */
export interface Feed extends Pick<Link, 'showTime' | 'showKnown' | 'retry'>, Clocks {
  state: WallState;
  /** What the feed changed. */
  news: News;
}

/** Everything a component may ask for. */
export interface App {
  host: Host;
  feed: Feed;
  viewer: Viewer;
  /** Who is signed in. */
  session: Session;
}

/** Where components find it. */
export const appKey: InjectionKey<App> = Symbol('app');

function useApp(): App {
  const app = inject(appKey);
  if (!app) throw new Error('no app is provided');
  return app;
}

/** The seam to the server: for questions of one's own. */
export const useHost = (): Host => useApp().host;
/** What the server said by itself. */
export const useFeed = (): Feed => useApp().feed;
/** What the viewer chose, and the ways to choose. */
export const useView = (): Viewer => useApp().viewer;
/** Who is signed in, and signing in and out. */
export const useSession = (): Session => useApp().session;
