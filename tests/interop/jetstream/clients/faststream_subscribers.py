"""What FastStream's subscribers see of JetStream, line by line; the address of the server is the argument."""

import asyncio
import logging
import sys

from faststream.nats import JStream, KvWatch, NatsBroker, ObjWatch, PullSub
from faststream.nats.annotations import NatsMessage
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

heard = {}
stream = JStream("FS", subjects=["fs.>"])
broker = NatsBroker(sys.argv[1], logger=None)
logging.disable(logging.CRITICAL)


def hear(label, *what):
    heard.setdefault(label, []).append(what)


@broker.subscriber("fs.push", stream=stream, durable="push", deliver_policy=DeliverPolicy.ALL)
async def push(body: str, message: NatsMessage):
    hear("push", body, message.raw_message.metadata.num_delivered)


@broker.subscriber("fs.pull", stream=stream, durable="pull", pull_sub=PullSub(batch_size=2))
async def pull(body: str):
    hear("pull", body)


@broker.subscriber("fs.batch", stream=stream, durable="batch", pull_sub=PullSub(batch_size=3, batch=True, timeout=1.0))
async def batch(bodies: list[str]):
    for body in bodies:
        hear("batch", body)


@broker.subscriber("fs.ordered", stream=stream, ordered_consumer=True)
async def ordered(body: str):
    hear("ordered", body)


@broker.subscriber(
    "fs.again",
    stream=stream,
    durable="again",
    config=ConsumerConfig(max_deliver=3, ack_policy=AckPolicy.EXPLICIT),
)
async def again(body: str, message: NatsMessage):
    delivered = message.raw_message.metadata.num_delivered
    hear("again", body, delivered)
    if delivered < 3:
        await message.nack()
    else:
        await message.ack()


@broker.subscriber("key", kv_watch=KvWatch("KV"))
async def changed(value: str):
    hear("key", value)


@broker.subscriber("OBJ", obj_watch=ObjWatch(declare=True))
async def stored(name: str):
    hear("object", name)


async def until(label, count):
    for _ in range(500):
        if len(heard.get(label, [])) >= count:
            break
        await asyncio.sleep(0.02)
    print(label, heard.get(label), flush=True)


async def main():
    async with broker:
        await broker.start()
        for i in range(3):
            for label in ("push", "pull", "batch", "ordered"):
                ack = await broker.publish(f"{label} {i}", f"fs.{label}", stream="FS")
                print("published", ack.stream, ack.seq)
        await broker.publish("refused", "fs.again", stream="FS")
        bucket = await broker.key_value(bucket="KV")
        for i in range(2):
            await bucket.put("key", f"value {i}".encode())
        store = await broker.object_storage(bucket="OBJ")
        await store.put("file", b"x" * 200_000)
        for label, count in (("push", 3), ("pull", 3), ("batch", 3), ("ordered", 3), ("again", 3), ("key", 2), ("object", 1)):
            await until(label, count)
        js = broker.config.connection_state.stream
        await asyncio.sleep(0.3)
        for name in ("push", "pull", "batch", "again"):
            info = await js.consumer_info("FS", name)
            print(name, info.num_ack_pending, info.num_pending, info.num_redelivered, info.ack_floor.consumer_seq)


asyncio.run(main())
