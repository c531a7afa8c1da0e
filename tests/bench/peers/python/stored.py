"""The orders that need JetStream, as stored.mjs has them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore

BODY = b"sixteen bytes ok"
MEGABYTE = 1_000_000
PART = bytes(at * 7 % 256 for at in range(MEGABYTE // 16))
OBJECT = "object"

Work = Callable[..., Awaitable[None]]


class Stored(Protocol):
    """What is stored into."""

    bucket: KeyValue
    objects: ObjectStore

    async def publish(self, body: bytes) -> int: ...


def stored(open_it: Callable[[], Awaitable[Stored]]) -> dict[str, Work]:
    """Open at the first order, when the stream and the buckets are there."""
    opened: list[Stored] = []
    bodies: dict[int, bytes] = {}

    async def once() -> Stored:
        if not opened:
            opened.append(await open_it())
        return opened[0]

    async def store(at_once: int, operations: int) -> None:
        there = await once()

        async def publish(_lane: int) -> None:
            positive(await there.publish(BODY))

        await in_lanes(at_once, operations, publish)

    async def put(at_once: int, operations: int) -> None:
        bucket = (await once()).bucket

        async def put_one(lane: int) -> None:
            positive(await bucket.put(f"k.{lane}", BODY))

        await in_lanes(at_once, operations, put_one)

    async def get(at_once: int, operations: int) -> None:
        bucket = (await once()).bucket

        async def get_one(lane: int) -> None:
            value = (await bucket.get(f"k.{lane}")).value
            if value != BODY:
                raise ValueError(f"Cannot go on as a value must be what was put: {value}")

        await in_lanes(at_once, operations, get_one)

    async def put_object(megabytes: int) -> None:
        objects = (await once()).objects
        # from memory, which takes a thread fewer than what it reads part by part
        if megabytes not in bodies:
            bodies[megabytes] = PART * (16 * megabytes)
        await objects.put(OBJECT, bodies[megabytes])

    async def get_object(megabytes: int) -> None:
        data = (await (await once()).objects.get(OBJECT)).data
        if data is None or len(data) != megabytes * MEGABYTE:
            raise ValueError(f"Cannot go on as an object must have {megabytes} MB")

    return {"store": store, "put": put, "get": get, "putObject": put_object, "getObject": get_object}


async def in_lanes(at_once: int, operations: int, operate: Callable[[int], Awaitable[Any]]) -> None:
    left = iter(range(operations))

    async def lane(number: int) -> None:
        for _ in left:
            await operate(number)

    await asyncio.gather(*(lane(number) for number in range(at_once)))


def positive(seq: int | None) -> None:
    if not seq or seq < 1:
        raise ValueError(f"Cannot go on as what is stored must have a number: {seq}")
