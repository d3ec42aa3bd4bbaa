import { MillraceError } from '../base/errors.ts';

/** The dashboard can't be served: the port is taken, the host isn't this machine's, or this isn't Node. */
export class DashboardError extends MillraceError {
  override readonly name = 'DashboardError';
  override readonly code: 'DASHBOARD_PORT_IN_USE' | 'DASHBOARD_NOT_LISTENING' | 'DASHBOARD_NEEDS_NODE';

  constructor(code: DashboardError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
