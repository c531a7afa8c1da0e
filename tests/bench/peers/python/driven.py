"""Does what the lines on the input ask, as driven.mjs does."""

import asyncio
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

Order = dict[str, Any]
Request = Callable[[Order], Awaitable[Order]]
Publish = Callable[[str, Order], Awaitable[None]]
Flush = Callable[[], Awaitable[None]]
Works = dict[str, Callable[..., Awaitable[None]]]

URL = os.environ["NATS_URL"]
SUBJECT = os.environ["SUBJECT"]
PLACE = os.environ["PLACE"]
FLUSHED = 1_000


async def driven(
    version: str, request: Request, publish: Publish, flush: Flush, works: Works
) -> None:
    """Answer each line with the milliseconds it took, until the input ends."""
    runtime = f"Python {platform.python_version()}"
    print(json.dumps({"version": version, "runtime": runtime, "publishes": True}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, *numbers = line.split()
        began = perf_counter()
        if verb == "request":
            await ask(request, *map(int, numbers))
        elif verb == "publish":
            await send(publish, flush, *map(int, numbers))
        else:
            await works[verb](*map(int, numbers))
        print((perf_counter() - began) * 1_000, flush=True)


async def ask(request: Request, at_once: int, operations: int) -> None:
    left = iter(range(operations))

    async def lane() -> None:
        for count in left:
            answer = await request({"item": "tea", "count": count})
            if answer != {"item": "tea", "count": count * 2}:
                raise ValueError(f"Cannot go on as {count} must be doubled: {answer}")

    await asyncio.gather(*(lane() for _ in range(at_once)))


async def send(publish: Publish, flush: Flush, operations: int) -> None:
    for count in range(1, operations):
        await publish(f"{SUBJECT}.nobody", {"item": "tea", "count": count})
        if count % FLUSHED == 0:
            await flush()
    await publish(f"{SUBJECT}.last", {"item": "tea", "count": operations})
    await flush()
