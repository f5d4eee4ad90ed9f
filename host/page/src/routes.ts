import { Router } from './lib/router.svelte';
import Start from './screens/start/Start.svelte';

// Each screen but the first is a chunk of its own, fetched when it is first shown.
export const route = new Router(
  {
    '/': () => Promise.resolve({ default: Start }),
    '/pipelines': () => import('./screens/pipelines/Pipelines.svelte'),
    '/pipelines/:pipeline': () => import('./screens/pipeline/Pipeline.svelte'),
    '/pipelines/:pipeline/new': () => import('./screens/new-run/NewRun.svelte'),
    '/pipelines/:pipeline/sweep': () => import('./screens/sweeps/NewSweep.svelte'),
    '/runs': () => import('./screens/runs/Runs.svelte'),
    '/runs/:id': () => import('./screens/run/Run.svelte'),
    '/compare': () => import('./screens/compare/Compare.svelte'),
    '/sweeps': () => import('./screens/sweeps/Sweeps.svelte'),
    '/sweeps/:id': () => import('./screens/sweeps/Sweep.svelte'),
    '/plugins': () => import('./screens/plugins/Plugins.svelte'),
    '/plugins/:name/:version': () => import('./screens/version/Version.svelte'),
    '/system': () => import('./screens/system/System.svelte'),
    '/sign-in': () => import('./screens/sign-in/SignIn.svelte'),
  },
  () => import('./screens/NotFound.svelte'),
);
