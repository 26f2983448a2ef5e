// Producer ids: one counter for all of them. One method is one storage request. Failures as in partition-store.

export interface ProducerStore {
  /**
   * Takes `count` ids (1 to PRODUCER_IDS_PER_BLOCK) that nobody ever had: the first of them; the others follow it. An
   * answer that is lost loses ids and nothing else, so that it may be asked again.
   */
  allocateProducerIds(count: number): Promise<bigint>;
}
