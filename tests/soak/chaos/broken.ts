import type { Fault, Proof } from "./fault.ts";
import type { Outcome } from "./outcome.ts";
import type { Plan } from "./plan.ts";

const TYPED = ["TimeoutError", "NoRespondersError", "RemoteError", "OutboxFullError"];

const PROOFS: Readonly<Record<Proof, (outcome: Outcome) => boolean>> = {
  disconnects: ({ disconnects }) => disconnects > 0,
  held: ({ held }) => held > 0,
  refused: ({ refused }) => refused > 0,
  timeouts: ({ failures }) => (failures.TimeoutError ?? 0) > 0,
};

/** What was promised and did not hold, as sentences; empty if all of it did. */
export function broken({ proofs }: Fault, { faults }: Plan, outcome: Outcome): string[] {
  const missing = proofs.filter((proof) => !PROOFS[proof](outcome));
  const found = [
    ...brokenMessages(outcome),
    ...brokenRequests(outcome),
    outcome.faults < faults && `${outcome.faults} of ${faults} faults came about`,
    ...missing.map((proof) => `the faults showed nothing: no ${proof}`),
    ...outcome.errors.map((error) => `${error}`),
  ];
  return found.filter((sentence) => sentence !== false);
}

function brokenMessages(outcome: Outcome): (string | false)[] {
  const { untold, lostHeld, duplicated, disordered, foreign } = outcome;
  const { misrefused, refusedDelivered, lost, interrupted } = outcome;
  return [
    lost > 0 && interrupted === 0 && `${lost} messages were lost, and no flush told of it`,
    untold > 0 && `${untold} messages were lost, and no event told of them`,
    lostHeld > 0 && `${lostHeld} messages were lost that were accepted while disconnected`,
    duplicated > 0 && `${duplicated} messages came twice`,
    disordered > 0 && `${disordered} messages came after a later one`,
    foreign > 0 && `${foreign} messages were not whole`,
    misrefused.length > 0 && `messages were refused with ${misrefused.join(", ")}`,
    refusedDelivered > 0 && `${refusedDelivered} messages were refused, and came`,
  ];
}

function brokenRequests(outcome: Outcome): (string | false)[] {
  const { asked, answered, failures, late, hung, handledTwice, forsakenHandled } = outcome;
  const others = Object.keys(failures).filter((name) => !TYPED.includes(name));
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return [
    answered + failed + hung !== asked && "a request had no outcome, or two",
    answered === 0 && "no request was answered",
    others.length > 0 && `requests failed with ${others.join(", ")}`,
    late > 0 && `${late} requests settled after their time`,
    hung > 0 && `${hung} requests did not settle`,
    handledTwice > 0 && `${handledTwice} requests were handled twice`,
    forsakenHandled > 0 &&
    `${forsakenHandled} requests were given up before they left, and handled`,
  ];
}
