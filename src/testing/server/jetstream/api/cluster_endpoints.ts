import type { Endpoint } from "./call.ts";
import { ApiError } from "./errors.ts";

/** Endpoints that only a cluster supports, with their response types. */
const ASKED: Readonly<Record<string, string>> = {
  "STREAM.LEADER.STEPDOWN.*": "stream_leader_stepdown_response",
  "STREAM.PEER.REMOVE.*": "stream_remove_peer_response",
  "STREAM.PEER.EVACUATE.*": "stream_remove_peer_response",
  "CONSUMER.LEADER.STEPDOWN.*.*": "consumer_leader_stepdown_response",
};

/** Endpoints that answer every request with the error "clustering required". */
export function clusterEndpoints(): Endpoint[] {
  return Object.entries(ASKED).map(([subject, type]) => ({
    subject,
    type,
    answer: () => {
      throw new ApiError("clusterRequired");
    },
  }));
}
