"""Publishes or works as a program with FastStream does, by its documentation; `work` or `publish` and an order as JSON
are its arguments."""

import asyncio
import json
import logging
import os
import signal
import sys
import time

from faststream import AckPolicy
from faststream.exceptions import RejectMessage
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.annotations import NatsMessage
from nats.js.api import ConsumerConfig

logging.disable(logging.CRITICAL)
what, order = sys.argv[1], json.loads(sys.argv[2])
plan = order["plan"]
broker = NatsBroker(order["servers"], logger=None, max_reconnect_attempts=-1)


async def publish():
    failures = {}
    stored = 0

    async def one(n):
        nonlocal stored
        try:
            await broker.publish({"n": n}, f"jobs.{n}", stream="JOBS", headers={"Nats-Msg-Id": f"job-{n}"})
            stored += 1
        except Exception as error:
            name = type(error).__name__
            failures[name] = failures.get(name, 0) + 1

    tasks = []
    async with broker:
        await broker.start()
        began = time.monotonic()
        n = 0
        while n < plan["messages"]:
            while n < (time.monotonic() - began) * plan["rate"] and n < plan["messages"]:
                tasks.append(asyncio.create_task(one(n)))
                n += 1
            await asyncio.sleep(0.02)
        await asyncio.gather(*tasks)
        print(json.dumps({"stored": stored, "failures": failures}), flush=True)
        os._exit(0)


async def work():
    kinds = plan["kinds"]
    journal = os.open(order["journal"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def write(*words):
        os.write(journal, f"{int(time.time() * 1000)} {' '.join(map(str, words))}\n".encode())

    config = ConsumerConfig(ack_wait=plan["ackWait"] / 1000, max_deliver=plan["attempts"])

    @broker.subscriber(
        "jobs.*", stream=JStream("JOBS", declare=False), durable="work", config=config,
        pull_sub=PullSub(batch_size=plan["concurrency"]), max_workers=plan["concurrency"],
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def handle(body: dict, message: NatsMessage):
        n = body["n"]
        metadata = message.raw_message.metadata
        write("began", n, metadata.sequence.stream, metadata.num_delivered)
        kills = n % kinds["killer"] == kinds["killer"] // 2
        await asyncio.sleep(0.05 if kills else n % 20 / 1000)
        if kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if n % kinds["rejected"] == 13:
            raise RejectMessage()
        if n % kinds["poison"] == 7:
            raise ValueError("it is poison")
        write("done", n)

    await broker.start()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(1)


asyncio.run(publish() if what == "publish" else work())
