// What the API answers, as far as the console shows it. openapi.json has the rest.

export interface Session { name: string; role: 'operator' | 'customer'; account_id: number | null; csrf: string }

export interface Promotion { transfer: number; amount: string; left: string; wall_expires_us: number }

export interface Balance {
  account_id: number; name: string; currency: string;
  balance: string; leased: string; available: string;
  locked: string; lock: { by: string; why: string; wall_until_us: number | null } | null;
  promotional?: string; promotions?: Promotion[];
  low_below: string | null; is_low: boolean;
  as_of_wall_us?: number; is_stale?: boolean;
}

export interface Account {
  id: number; name: string; parent: number | null; currency: string; kind: string; class: string;
  channels_max: number | null; cps_max: number | null; limit: string; grace: string | null;
  sell_deck: number | null; inbound_deck: number | null;
  is_suspended: boolean; suspended_by: string; suspended_why: string; wall_suspended_until_us: number | null;
  balance: Balance | null; is_stale?: boolean; as_of_wall_us?: number;
}

export interface TrunkQuality {
  trunk_id: number; trunk: string; calls: number; answered: number; asr_percent: number | null;
  measured: number; pdd_ms: number | null; wall_us: number; age_us: number;
}

export interface LowBalance {
  id: number; account_id: number; account: string; currency: string; wall_us: number; left: string; below: string;
  state: string; attempts: number; topup: string | null; transfer: number | null; note: string;
}

export interface Deck {
  id: number; name: string; deck_version: number; currency: string; rounding: string; prices_of: string;
  time_zone: string; prefix_count: number; wall_imported_us: number;
}
export interface DeckVersion extends Deck { is_live: boolean }
export interface DeckCounts { same: number; up: number; down: number; mixed: number; new: number; gone: number }
export interface DeckPrice { per_minute: string; connection_fee: string; first_increment: number; next_increment: number }
export interface DeckDiff {
  name: string; currency: string; from: number | null; to: number; counts: DeckCounts; is_cut: boolean;
  changes: { prefix: string; description: string; change: string; before: DeckPrice | null; after: DeckPrice | null }[];
  later: { wall_us: number; counts: DeckCounts }[];
  traffic: { calls: number; before: string; after: string; difference: string; unpriced: number; is_partial: boolean };
}

export interface Call {
  key: string; state: string; caller: string; callee: string; account_id: number;
  wall_start_us: number; wall_answer_us: number; talk_us: number;
  price_per_min: string; currency: string; cost: string; left?: string; money_left?: string;
  paid_until_us?: number; is_emergency: boolean; is_inbound: boolean; is_on_net: boolean;
}

export interface CallPage { items: Call[]; total: number; as_of_wall_us: number; is_stale: boolean }

export interface Cdr {
  row: number; caller: string; callee: string; account_id: number;
  wall_start_us: number; wall_answer_us: number; wall_end_us: number; talk_us: number;
  status: number; end: string; reason: string; flags: string[]; charge: string; currency: string;
}

export interface Refusal {
  wall_us: number; account_id: number | null; caller?: string; callee?: string;
  status?: number; reason?: string; why?: string;
}

export interface Ban {
  source: string; reason: string; actor: string | null; is_manual: boolean; level: number;
  wall_since_us: number; wall_until_us: number; dropped: number; has_customers: boolean;
}
export interface BanPage { items: Ban[]; is_on: boolean; as_of_wall_us: number }

export interface Alert {
  account_id: number; account?: string; currency?: string; since_wall_us: number;
  is_at_limits: boolean; is_hot: boolean; is_sudden: boolean;
  calls_in_10s: number; refused_in_10s: number; money_a_minute: string;
  destinations: { prefix: string; calls: number }[];
}

export type ExposureBy = 'account' | 'trunk' | 'destination' | 'country';
export interface Exposure {
  account_id?: number; trunk_id?: number; prefix?: string; country?: string; currency: string;
  calls: number; answered: number; cost: string; cost_per_min: string; held: string;
  money_left?: string; seconds_left?: number;
}
export interface ExposurePage { items: Exposure[]; total: number; as_of_wall_us: number; is_stale: boolean }

export interface Endpoint { user: string; account_id: number; display: string; is_disabled: boolean; digest: string; identities: string[] }
export interface Binding { uri: string; source?: string; user_agent?: string; wall_expires_us?: number; is_flow_lost?: boolean }
export interface Transfer { transfer: number; wall_us: number; amount: string; kind: string; actor: string; reason: string }

export interface StoreState { state: string; since_wall_us?: number; last_ok_wall_us?: number; error?: string }
export interface EdgeStatus {
  state: string; calls_open?: number; calls_answered?: number; bindings?: number; aors?: number;
  store?: StoreState; lease?: { outstanding?: string; grace_used?: string; bound?: string };
  outbox?: { unsettled?: number }; alerts?: Alert[];
}
export interface Status {
  as_of_wall_us: number; edge: EdgeStatus; web: { state: string; store?: StoreState };
  supervisor: { state?: string; ready?: boolean; roles?: { name: string; state: string; restarts?: number }[] };
}

export interface Page<T> { items: T[]; next: string | null; is_stale?: boolean; as_of_wall_us?: number }

export interface Explanation {
  plan: Record<string, unknown>; lease?: Record<string, unknown>; limits?: Record<string, unknown>;
  would: string; status?: number; why?: string; reason?: string;
}
