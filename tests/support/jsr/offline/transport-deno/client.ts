/** The client, its inner door included: all of it that the stand-in is made of. */
export * from "npm:@nats-io/nats-core@3.4.0/internal";
