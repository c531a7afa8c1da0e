// The same client over Node's sockets: its exports are those of the package it stands in for.
export * from "npm:@nats-io/transport-node@3.4.0";
