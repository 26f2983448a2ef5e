// Leases: who does a piece of background work. They save work; nothing relies on them, since what makes the work safe
// are the conditions of its commits. One method is one storage request. Failures as in partition-store.

export interface LeaseRequest {
  /** Of the work; any text of up to 200 characters. */
  readonly name: string;
  /** Who asks: unique to one attempt. */
  readonly owner: string;
  readonly nowMs: number;
  /** Until when it is taken; from then on anybody may take it over. */
  readonly untilMs: number;
}

export interface LeaseStore {
  /** Takes a lease, or prolongs one's own. `held`: somebody else has it, and its time is not over. */
  takeLease(request: LeaseRequest): Promise<'taken' | 'held'>;
  /** Gives it back; nothing happens when it is somebody else's by now. */
  releaseLease(lease: Pick<LeaseRequest, 'name' | 'owner'>): Promise<void>;
}
