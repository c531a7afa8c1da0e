import process from "node:process";
import { driven, versionOf } from "../driven.mjs";

await import("reflect-metadata");
const { Controller, Module } = await import("@nestjs/common");
const { NestFactory } = await import("@nestjs/core");
const { ClientsModule, MessagePattern, Transport } = await import("@nestjs/microservices");
const { firstValueFrom, lastValueFrom } = await import("rxjs");

const { NATS_URL, SUBJECT } = process.env;
const nats = { transport: Transport.NATS, options: { servers: [NATS_URL] } };

class Orders {
  double({ item, count }) {
    return { item, count: count * 2 };
  }
}

class App {}

// The decorators of its docs, called as a compiler calls them: Node takes none.
const double = Object.getOwnPropertyDescriptor(Orders.prototype, "double");
MessagePattern(SUBJECT)(Orders.prototype, "double", double);
Controller()(Orders);
Module({
  imports: [ClientsModule.register([{ name: "ORDERS", ...nats }])],
  controllers: [Orders],
})(App);

const app = await NestFactory.createMicroservice(App, { ...nats, logger: ["error"] });
await app.listen();
await app.unwrap().flush();

const client = app.get("ORDERS");
await client.connect();
let emitted;

await driven({
  version: versionOf("@nestjs/microservices"),
  request: (order) => firstValueFrom(client.send(SUBJECT, order)),
  publish: (subject, order) => {
    emitted = client.emit(subject, order);
  },
  flush: async () => {
    await lastValueFrom(emitted, { defaultValue: undefined });
    await client.unwrap().flush();
  },
});
