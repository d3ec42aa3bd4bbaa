/*
 * The parts of RxJS that runs and threads need, each from its own module. Node takes 100 ms to load RxJS as a whole, in every thread
 * anew; its `exports` offer the modules one by one, under the same conditions as the whole, and they are the same ones, so there
 * is one class of everything.
 */
export { config } from 'rxjs/internal/config';
export { Observable } from 'rxjs/internal/Observable';
export { Subscriber } from 'rxjs/internal/Subscriber';
export { Subscription } from 'rxjs/internal/Subscription';
