import type { StepStatus } from '../observe/step-status.ts';

interface Colours {
  readonly fill: string;
  readonly stroke: string;
  readonly text: string;
}

/** The colours of the states, in diagrams that are drawn on white or black. */
export type Palette = Readonly<Record<StepStatus, Colours>>;

/** Fills are light, and text is dark on them in light mode and in dark mode. */
export const palette: Palette = {
  waiting: { fill: '#f1f3f5', stroke: '#868e96', text: '#212529' },
  ready: { fill: '#e7f5ff', stroke: '#339af0', text: '#212529' },
  running: { fill: '#a5d8ff', stroke: '#1971c2', text: '#212529' },
  retrying: { fill: '#ffec99', stroke: '#e67700', text: '#212529' },
  completed: { fill: '#b2f2bb', stroke: '#2f9e44', text: '#212529' },
  failed: { fill: '#ffc9c9', stroke: '#e03131', text: '#212529' },
  cancelled: { fill: '#ffd8a8', stroke: '#d9480f', text: '#212529' },
  skipped: { fill: '#dee2e6', stroke: '#adb5bd', text: '#495057' },
};
