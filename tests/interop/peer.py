"""A FastStream service that does, reads and answers what it is told over NATS."""

import asyncio
import json
import os
import sys
import threading
from importlib.metadata import version
from typing import Any

from faststream import FastStream, Path
from faststream.nats import NatsBroker, NatsMessage, NatsResponse
from values import Order, describe, told

broker = NatsBroker(sys.argv[1], logger=None, inbox_prefix="_PEER")
heard: list[dict[str, Any]] = []
listening: list[Any] = []


async def report(message: NatsMessage) -> dict[str, Any]:
    """Tell everything a handler or a caller sees of a message."""
    return {
        "body": describe(await message.decode()),
        "headers": message.headers,
        "correlationId": message.correlation_id,
        "replyTo": message.reply_to,
        "subject": message.raw_message.subject,
    }


@broker.subscriber("py.describe")
async def on_describe(message: NatsMessage) -> dict[str, Any]:
    return await report(message)


@broker.subscriber("py.hear")
async def on_hear(message: NatsMessage) -> None:
    heard.append(await report(message))


@broker.subscriber("py.answer")
async def on_answer(body: dict[str, Any]) -> Any:
    return told(body)


@broker.subscriber("py.response")
async def on_response(body: dict[str, Any]) -> NatsResponse:
    headers = body.get("headers")
    return NatsResponse(told(body), headers=headers, correlation_id=body.get("correlationId"))


@broker.subscriber("py.order")
async def on_order(order: Order) -> Order:
    return Order(id=order.id + 1, tags=[*order.tags, "seen"])


@broker.subscriber("py.greet.{name}")
async def on_greet(name: str = Path()) -> str:
    return f"Hello, {name}"


@broker.subscriber("py.fail")
async def on_fail() -> None:
    raise ValueError("on purpose")


@broker.subscriber("shared.work", "workers")
async def on_work(body: int, message: NatsMessage) -> dict[str, Any]:
    heard.append(await report(message))
    return {"by": "faststream", "item": body}


def envelope(order: dict[str, Any]) -> dict[str, Any]:
    """Give what goes with a body, under FastStream's names."""
    return {"headers": order.get("headers"), "correlation_id": order.get("correlationId")}


@broker.subscriber("drive.publish", max_workers=8)
async def on_publish(order: dict[str, Any]) -> None:
    reply_to = order.get("replyTo", "")
    body = told(order["body"])
    await broker.publish(body, order["subject"], reply_to=reply_to, **envelope(order))


@broker.subscriber("drive.request", max_workers=8)
async def on_request(order: dict[str, Any]) -> dict[str, Any]:
    body = told(order["body"])
    try:
        answer = await broker.request(body, order["subject"], timeout=2, **envelope(order))
    except Exception as error:  # the other side is to see which one it was
        return {"error": type(error).__name__}
    return await report(answer)


@broker.subscriber("drive.new_inbox")
async def on_new_inbox() -> str:
    return await broker.new_inbox()


@broker.subscriber("drive.listen")
async def on_listen(subject: str) -> None:
    subscriber = broker.subscriber(subject, persistent=False)
    subscriber(on_hear_inbox)
    listening.append(subscriber)
    await subscriber.start()
    await broker.connection.flush()


async def on_hear_inbox(message: NatsMessage) -> None:
    heard.append(await report(message))


@broker.subscriber("drive.heard")
async def on_heard() -> list[dict[str, Any]]:
    told_now = heard.copy()
    heard.clear()
    return told_now


app = FastStream(broker, logger=None)


@app.after_startup
async def ready() -> None:
    # start() does not wait for the server to have the subscriptions
    await broker.connection.flush()
    versions = {name: version(name) for name in ("faststream", "nats-py", "pydantic")}
    print(json.dumps(versions), flush=True)


def end_with_parent() -> None:
    """End once nobody holds the other end of our input, however that came about."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    asyncio.run(app.run())
