/** Funnels as the API gives them. */
export interface Step {
  name: string;
  type: string;
  match: string;
  value: string;
}

export interface Funnel {
  funnel_id: string;
  name: string;
  steps: Step[];
  conversion_window_seconds: number;
  order: string;
}

export interface StepFigures {
  step: number;
  name: string;
  people: number;
  conversion_rate: number;
  step_conversion_rate: number;
  drop_off: number;
  median_seconds?: number;
  p90_seconds?: number;
}

export interface Analytics {
  funnel_id: string;
  range: { start: string; end: string };
  entries: number;
  conversions: number;
  conversion_rate: number;
  steps: StepFigures[];
  daily?: { date: string; entries: number; conversions: number; conversion_rate: number }[];
  breakdown?: { name: string; entries: number; conversions: number; conversion_rate: number }[];
}

export const FUNNELS = "/api/v1/funnels";
