// The page of reports is made by bundlers: a process that runs from source gets an empty one.
import { register } from 'node:module';

const hook = `export const resolve = (specifier, context, next) =>
  specifier === 'millrace:report-page'
    ? { url: 'data:text/javascript,export const script = "", style = "", notices = "", version = "0.0.0";', shortCircuit: true }
    : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
