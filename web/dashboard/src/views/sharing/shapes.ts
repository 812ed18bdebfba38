/** Alerts of shared accounts as the API gives them. */
export interface Place {
  country: string | null;
  city: string | null;
  latitude: number;
  longitude: number;
  radius_km: number;
}

export interface SeenSession {
  id: string;
  started_at: string;
  last_at: string;
  client_name: string;
  device_name: string;
  device_id: string | null;
  place: Place | null;
}

export interface Finding {
  from: string;
  to: string;
  sessions: string[];
  streams?: number;
  seconds?: number;
  new_devices?: number;
  distance_km?: number;
  reduced_distance_km?: number;
  overlap_seconds?: number;
  gap_seconds?: number;
  needed_kmh?: number;
}

export interface Evidence {
  findings_total: number;
  findings: Finding[];
  sessions: SeenSession[];
  agreeing_rules: string[];
  confidence: { level: string; reasons: string[] };
}

export interface Alert {
  id: string;
  user_id: string;
  alert_type: "concurrent_streams" | "geo_impossible" | "device_spike";
  severity: string;
  evidence: Evidence;
  status: string;
  created_at: string;
  updated_at: string;
  note: string | null;
}

export const RULES: Record<Alert["alert_type"], string> = {
  concurrent_streams: "more streams at once than allowed",
  geo_impossible: "too far apart for one person",
  device_spike: "many new devices in a day",
};

export const SHARING = "/api/v1/analytics/sharing";
