"""The work with FastStream."""

import asyncio
from importlib.metadata import version

from driven import PLACE, SUBJECT, URL, Order, driven
from faststream.nats import NatsBroker
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore
from stored import stored

server = NatsBroker(URL, logger=None)
client = NatsBroker(URL, logger=None)


@server.subscriber(SUBJECT)
async def double(order: Order) -> Order:
    return {"item": order["item"], "count": order["count"] * 2}


async def request(order: Order) -> Order:
    answer = await client.request(order, SUBJECT, timeout=10)
    return await answer.decode()


async def publish(subject: str, order: Order) -> None:
    await client.publish(order, subject)


class Stored:
    def __init__(self, bucket: KeyValue, objects: ObjectStore) -> None:
        self.bucket = bucket
        self.objects = objects

    async def publish(self, body: bytes) -> int:
        return (await client.publish(body, f"{SUBJECT}.stored", stream=PLACE, timeout=10)).seq


async def open_stored() -> Stored:
    bucket = await client.key_value(PLACE, declare=False)
    return Stored(bucket, await client.object_storage(PLACE, declare=False))


async def main() -> None:
    async with server, client:
        await server.start()
        await client.start()
        await server.connection.flush()
        await driven(
            version("faststream"), request, publish, client.connection.flush, stored(open_stored)
        )


asyncio.run(main())
