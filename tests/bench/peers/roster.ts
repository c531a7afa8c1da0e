import { inGo, onDeno, onNode, onPython, type Program } from "./program.ts";

/** Somebody who does the same work, as the docs of each write it. */
export interface Candidate {
  readonly name: string;
  /** A token of a subject. */
  readonly id: string;
  /** Whether its program does what needs JetStream as well. */
  readonly stores?: boolean;
  /** Installs what the program needs, if this is the first time. */
  program(): Program | Promise<Program>;
}

const TRANSPORT = { "@nats-io/transport-node": "^3.4.0" };
// on npm it has had prereleases only
const NATS_JS = {
  ...TRANSPORT,
  "@nats-io/services": ">=3.0.0-25",
  "@nats-io/jetstream": "^3.4.0",
  "@nats-io/kv": "^3.4.0",
  "@nats-io/obj": "^3.4.0",
};
const NEST = {
  ...TRANSPORT,
  "@nestjs/common": "^12.0.0",
  "@nestjs/core": "^12.0.0",
  "@nestjs/microservices": "^12.0.0",
  "reflect-metadata": "^0.2.0",
  "rxjs": "^7.1.0",
};
const MOLECULER = { "moleculer": "^0.15.0", "nats": "^2.0.0" };

/** Ours comes first: what the others are compared with. */
export const ROSTER: readonly Candidate[] = [
  { name: "Signalbox", id: "signalbox", stores: true, program: () => onDeno("signalbox/main.ts") },
  {
    name: "nats.js on Deno",
    id: "nats_js_deno",
    stores: true,
    program: () => onDeno("nats_js/main.mjs"),
  },
  {
    // what of the difference to the one above is Nagle's algorithm alone
    name: "nats.js on Deno, no delay",
    id: "nats_js_no_delay",
    stores: true,
    program: () => onDeno("nats_js/main.mjs", "--no-delay"),
  },
  {
    name: "nats.js on Node",
    id: "nats_js",
    stores: true,
    program: () => onNode("nats_js", "main.mjs", NATS_JS),
  },
  {
    name: "nats.js services",
    id: "services",
    program: () => onNode("nats_js", "services.mjs", NATS_JS),
  },
  { name: "NestJS microservices", id: "nest", program: () => onNode("nest", "main.mjs", NEST) },
  {
    name: "Moleculer",
    id: "moleculer",
    program: () => onNode("moleculer", "main.mjs", MOLECULER),
  },
  {
    name: "FastStream",
    id: "faststream",
    stores: true,
    program: () => onPython("with_faststream.py"),
  },
  { name: "nats-py", id: "nats_py", stores: true, program: () => onPython("with_nats_py.py") },
  { name: "nats.go", id: "nats_go", program: () => inGo() },
  { name: "nats.go micro", id: "micro", program: () => inGo("micro") },
];
