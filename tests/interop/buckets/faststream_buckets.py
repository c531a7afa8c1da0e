"""One action of FastStream on a bucket: its key_value() is that of nats-py."""

import asyncio
import sys

from faststream.nats import NatsBroker
from nats.js.errors import KeyDeletedError, KeyNotFoundError, NoKeysError


async def main(action, url, bucket, key="", value=""):
    broker = NatsBroker(url)
    await broker.connect()
    kv = await broker.key_value(bucket=bucket, history=5, declare=action == "make")
    if action == "make":
        print("made")
    elif action == "put":
        print(await kv.put(key, value.encode()))
    elif action == "delete":
        print(await kv.delete(key))
    elif action == "purge":
        print(await kv.purge(key))
    elif action == "get":
        try:
            print((await kv.get(key)).value.decode())
        except (KeyNotFoundError, KeyDeletedError):
            print("none")
    elif action == "keys":
        try:
            print(" ".join(sorted(await kv.keys())))
        except NoKeysError:
            print("")
    elif action == "history":
        print(" ".join(entry.operation or "PUT" for entry in await kv.history(key)))
    await broker.stop()


asyncio.run(main(*sys.argv[1:]))
