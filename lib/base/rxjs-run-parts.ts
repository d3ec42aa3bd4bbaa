/*
 * The parts of RxJS that runs need beside those of `rxjs-parts.ts`: what that file says holds here as well. A file of its own,
 * since a thread has no runs.
 *
 * Types come from 'rxjs': they cost nothing, and declarations name what users know.
 */
export { firstValueFrom } from 'rxjs/internal/firstValueFrom';
export { Subject } from 'rxjs/internal/Subject';
export { isObservable } from 'rxjs/internal/util/isObservable';
