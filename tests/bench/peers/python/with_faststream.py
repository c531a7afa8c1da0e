"""The work with FastStream."""

import asyncio
from importlib.metadata import version

from driven import SUBJECT, URL, Order, driven
from faststream.nats import NatsBroker

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


async def main() -> None:
    async with server, client:
        await server.start()
        await client.start()
        await server.connection.flush()
        await driven(version("faststream"), request, publish, client.connection.flush)


asyncio.run(main())
