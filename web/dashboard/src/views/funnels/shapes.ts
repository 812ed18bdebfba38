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

/** How steps have to follow each other. */
export const ORDERS: Record<string, string> = {
  sequential: "In order, others between allowed",
  strict: "In order, nothing between",
  any: "Any order",
};

/** How a step's value matches. */
export const MATCHES: Record<string, string> = {
  equals: "is",
  prefix: "begins with",
  contains: "contains",
  regex: "matches (regular expression)",
};

export const FUNNELS = "/api/v1/funnels";
