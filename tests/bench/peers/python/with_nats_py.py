"""The work with the bare client, nats-py."""

import asyncio
import json
from importlib.metadata import version

import nats
from driven import SUBJECT, URL, Order, driven
from nats.aio.msg import Msg


async def double(message: Msg) -> None:
    order = json.loads(message.data)
    answer = {"item": order["item"], "count": order["count"] * 2}
    await message.respond(json.dumps(answer).encode())


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

    await driven(version("nats-py"), request, publish, client.flush)


asyncio.run(main())
