// What the shell has besides: nobody needs it at the first glance.
export { default as Account } from './Account.svelte';
export { default as Connection } from './Connection.svelte';
