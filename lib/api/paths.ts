// Where an operation is served: at its short path, and under a cluster's, where `-` and any other id mean this one. What
// is about clusters itself has one path only.

export const CLUSTERS_PATH = '/v3/clusters';
const CLUSTER_PREFIX = `${CLUSTERS_PATH}/{cluster_id}`;

export function servedPaths(path: string): readonly string[] {
  return path.startsWith(CLUSTERS_PATH) ? [path] : [path, CLUSTER_PREFIX + path];
}
