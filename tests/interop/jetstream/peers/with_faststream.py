"""FastStream on streams that it shares with us: what it gets and stores, as lines of JSON; the server is the argument."""

import asyncio
import json
import logging
import sys
from typing import Any

from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.annotations import NatsMessage
from nats.js.api import ConsumerConfig, DeliverPolicy

logging.disable(logging.CRITICAL)
broker = NatsBroker(sys.argv[1], logger=None)
stream = JStream("SHOP", declare=False)
got = asyncio.Event()
counts = {"got": 0, "shared": 0}


def say(what, value):
    print(json.dumps([what, value]), flush=True)


@broker.subscriber("shop.ours.*", stream=stream, durable="faststream", pull_sub=PullSub(), deliver_policy=DeliverPolicy.ALL)
async def ours(body: Any, message: NatsMessage):
    headers = message.headers or {}
    raw = message.raw_message
    say("got", {
        "subject": raw.subject,
        "seq": raw.metadata.sequence.stream,
        "type": headers.get("content-type", ""),
        "body": raw.data.decode("latin-1"),
        "shop": headers.get("x-shop", ""),
    })
    counts["got"] += 1
    if counts["got"] == 4:
        got.set()


async def main():
    async with broker:
        await broker.start()
        await asyncio.wait_for(got.wait(), 20)
        await broker.publish({"total": 12}, "shop.theirs.object", stream="SHOP")
        await broker.publish("tea", "shop.theirs.text", stream="SHOP", headers={"x-shop": "b"})
        await broker.publish(b"\xc3\xbf", "shop.theirs.bytes", stream="SHOP")
        js = broker.config.connection_state.stream
        await js.publish("shop.theirs.once", b"1", headers={"Nats-Msg-Id": "once"})
        say("duplicate", (await js.publish("shop.theirs.once", b"1", headers={"Nats-Msg-Id": "once"})).duplicate)
        say("stored", 4)
        config = ConsumerConfig(filter_subject="shop.theirs.*")
        ordered = await js.subscribe("shop.theirs.*", stream="SHOP", ordered_consumer=True, config=config)
        for _ in range(4):
            message = await ordered.next_msg(timeout=5)
            say("read", [message.metadata.sequence.stream, message.subject])
        shared = await js.pull_subscribe_bind("shared", stream="SHOP")
        while True:
            try:
                [message] = await shared.fetch(1, timeout=1)
            except Exception:
                break
            say("shared", message.subject)
            await message.ack_sync()
        letters = await js.pull_subscribe("SHOP_DEAD.>", stream="SHOP_DEAD")
        [letter] = await letters.fetch(1, timeout=5)
        say("dead", {
            "subject": letter.subject,
            "body": letter.data.decode(),
            "of": letter.headers.get("Signalbox-Dead-Subject"),
            "error": letter.headers.get("Signalbox-Dead-Error"),
        })


asyncio.run(main())
