"""The work with the bare client, nats-py."""

import asyncio
import json
from importlib.metadata import version

import nats
from driven import PLACE, SUBJECT, URL, Order, driven
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore
from stored import stored


async def double(message: Msg) -> None:
    order = json.loads(message.data)
    answer = {"item": order["item"], "count": order["count"] * 2}
    await message.respond(json.dumps(answer).encode())


class Stored:
    def __init__(self, js: JetStreamContext, bucket: KeyValue, objects: ObjectStore) -> None:
        self.js = js
        self.bucket = bucket
        self.objects = objects

    async def publish(self, body: bytes) -> int:
        return (await self.js.publish(f"{SUBJECT}.stored", body, timeout=10)).seq


async def main() -> None:
    server = await nats.connect(URL)
    await server.subscribe(SUBJECT, cb=double)
    await server.flush()
    client = await nats.connect(URL)

    async def request(order: Order) -> Order:
        answer = await client.request(SUBJECT, json.dumps(order).encode(), timeout=10)
        return json.loads(answer.data)

    async def publish(subject: str, order: Order) -> None:
        await client.publish(subject, json.dumps(order).encode())

    async def open_stored() -> Stored:
        js = client.jetstream(timeout=10)
        return Stored(js, await js.key_value(PLACE), await js.object_store(PLACE))

    await driven(version("nats-py"), request, publish, client.flush, stored(open_stored))


asyncio.run(main())
