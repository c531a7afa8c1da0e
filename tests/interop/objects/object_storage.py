"""FastStream, and the nats-py within, and a bucket of objects: an action, the address of the server, what it needs."""

import asyncio
import json
import sys

from faststream.nats import NatsBroker
from nats.js.api import ObjectMeta, ObjectMetaOptions


async def main(action: str, url: str, name: str = "", path: str = "") -> None:
    async with NatsBroker(url) as broker:
        bucket = await broker.object_storage("files", declare=False)
        if action == "put":
            meta = ObjectMeta(
                name=name,
                description="a peer's",
                headers={"content-type": ["image/png"]},
                options=ObjectMetaOptions(max_chunk_size=128 * 1024),
            )
            with open(path, "rb") as file:
                await bucket.put(name, file.read(), meta=meta)
        elif action == "get":
            found = await bucket.get(name)
            with open(path, "wb") as file:
                file.write(found.data)
        elif action == "info":
            info = await bucket.get_info(name)
            told = {
                "name": info.name,
                "size": info.size,
                "description": info.description or "",
                "type": (info.headers or {}).get("content-type", [""])[0],
                "isDated": info.mtime is not None,
            }
            print(json.dumps(told, ensure_ascii=False))
        elif action == "list":
            names = sorted(entry.name for entry in await bucket.list(ignore_deletes=True))
            print(json.dumps(names, ensure_ascii=False))
        elif action == "delete":
            await bucket.delete(name)


asyncio.run(main(*sys.argv[1:]))
