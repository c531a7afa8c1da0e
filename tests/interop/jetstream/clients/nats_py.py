"""What nats-py sees of JetStream, line by line; the address of the server is the argument."""

import asyncio
import sys

import nats
from nats.js.api import AckPolicy, ConsumerConfig, KeyValueConfig, ObjectMeta


async def attempt(label, action):
    """Prints what came of it, also where it failed."""
    try:
        outcome = await action()
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    print(label, "->", outcome, flush=True)


def seen(message):
    data = message.metadata
    return message.subject, message.data, data.sequence.stream, data.num_delivered, data.num_pending


async def streams(js):
    async def state(info):
        found = await info
        kept = found.state
        return found.config.subjects, kept.messages, kept.bytes, kept.first_seq, kept.last_seq

    async def published(*args, **options):
        ack = await js.publish(*args, **options)
        return ack.stream, ack.seq, ack.duplicate

    await attempt("add", lambda: state(js.add_stream(name="S", subjects=["s.>"], allow_direct=True)))
    await attempt("add another", lambda: state(js.add_stream(name="S", subjects=["x.>"])))
    await attempt("add overlapping", lambda: state(js.add_stream(name="T", subjects=["s.a"])))
    for i in range(5):
        await attempt("publish", lambda: published(f"s.{i}", b"x" * i))
    once = {"Nats-Msg-Id": "1"}
    await attempt("publish once", lambda: published("s.id", b"x", headers=once))
    await attempt("publish twice", lambda: published("s.id", b"x", headers=once))
    late = {"Nats-Expected-Last-Sequence": "1"}
    await attempt("publish too late", lambda: published("s.a", b"x", headers=late))
    await attempt("publish elsewhere", lambda: published("s.a", b"x", stream="T"))
    await attempt("publish to nobody", lambda: published("nobody", b"x"))

    async def got(*args, **options):
        message = await js.get_msg("S", *args, **options)
        return message.subject, message.seq, message.data, message.headers

    await attempt("get", lambda: got(3))
    direct = await js.get_msg("S", subject="s.id", direct=True)
    print("get directly", direct.subject, direct.seq, direct.data, sorted(direct.headers))
    await attempt("get what is not there", lambda: got(100))
    await attempt("delete", lambda: js.delete_msg("S", 2))
    await attempt("delete again", lambda: js.delete_msg("S", 2))
    await attempt("purge", lambda: js.purge_stream("S", subject="s.0"))
    await attempt("info", lambda: state(js.stream_info("S", subjects_filter=">")))
    await attempt("find", lambda: js.find_stream_name_by_subject("s.x"))
    await attempt("info of nothing", lambda: js.stream_info("NOTHING"))


async def consumers(js):
    async def fetched(subscription, **options):
        return [seen(message) for message in await subscription.fetch(**options)]

    pull = await js.pull_subscribe("s.>", "worker", config=ConsumerConfig(ack_wait=60, max_deliver=2))
    await attempt("fetch", lambda: fetched(pull, batch=2))
    await attempt("fetch too much", lambda: fetched(pull, batch=10, timeout=0.3))
    await attempt("fetch nothing", lambda: fetched(pull, batch=1, timeout=0.2))
    await js.publish("s.again", b"again")
    [message] = await pull.fetch(1)
    await attempt("refuse", message.nak)
    [message] = await pull.fetch(1)
    print("refused", seen(message))
    print("acknowledged", (await message.ack_sync()).data)
    info = await js.consumer_info("S", "worker")
    print("worker", info.num_ack_pending, info.num_pending, info.ack_floor.stream_seq, info.config.ack_wait)
    push = await js.subscribe("s.>", durable="pushed", config=ConsumerConfig(ack_policy=AckPolicy.EXPLICIT))
    print("pushed", [seen(await push.next_msg()) for _ in range(3)])
    await push.unsubscribe()
    ordered = await js.subscribe("s.>", ordered_consumer=True)
    print("ordered", [seen(await ordered.next_msg())[:3] for _ in range(3)])
    await ordered.unsubscribe()
    await attempt("info of nothing", lambda: js.consumer_info("S", "nothing"))
    await attempt("delete", lambda: js.delete_consumer("S", "worker"))
    print("left", [info.name for info in await js.consumers_info("S") if info.config.durable_name])


async def buckets(js):
    bucket = await js.create_key_value(config=KeyValueConfig(bucket="B", history=5))
    watcher = await bucket.watchall()

    async def entry(*args, **options):
        found = await bucket.get(*args, **options)
        return found.key, found.value, found.revision, found.operation

    await attempt("put", lambda: bucket.put("k", b"1"))
    await attempt("create what is there", lambda: bucket.create("k", b"1"))
    await attempt("update", lambda: bucket.update("k", b"2", 1))
    await attempt("update too late", lambda: bucket.update("k", b"3", 1))
    await attempt("get", lambda: entry("k"))
    await attempt("get the first", lambda: entry("k", revision=1))
    await attempt("delete", lambda: bucket.delete("k"))
    await attempt("get what is deleted", lambda: entry("k"))
    await attempt("create anew", lambda: bucket.create("k", b"4"))
    await attempt("keys", bucket.keys)
    print("history", [(each.value, each.operation, each.delta) for each in await bucket.history("k")])
    for _ in range(5):
        update = await watcher.updates(timeout=5)
        print("watched", update and (update.key, update.value, update.operation))
    await watcher.stop()
    await attempt("purge", lambda: bucket.purge("k"))
    await attempt("get what is not there", lambda: entry("nothing"))
    await attempt("delete the bucket", lambda: js.delete_key_value("B"))


async def objects(js):
    store = await js.create_object_store("O")

    async def put(name, data, **options):
        info = await store.put(name, data, **options)
        return info.name, info.size, info.chunks, info.digest

    await attempt("put", lambda: put("f", b"x" * 300_000, meta=ObjectMeta(description="many")))
    got = await store.get("f")
    print("get", len(got.data), got.info.description, got.info.headers)
    await attempt("put another", lambda: put("g", b"y"))
    print("list", sorted(info.name for info in await store.list()))
    await attempt("delete", lambda: store.delete("f"))
    await attempt("get what is deleted", lambda: store.get("f"))
    print("status", (await store.status()).size)
    await attempt("delete the store", lambda: js.delete_object_store("O"))


async def main():
    connection = await nats.connect(sys.argv[1])
    js = connection.jetstream()
    for part in (streams, consumers, buckets, objects):
        await part(js)
    account = await js.account_info()
    print("account", account.streams, account.consumers, account.api.errors)
    await connection.close()


asyncio.run(main())
