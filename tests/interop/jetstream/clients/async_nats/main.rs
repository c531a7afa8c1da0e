//! What async-nats sees of JetStream, line by line; the address of the server is the argument.

use async_nats::jetstream::{self, consumer, kv, object_store, stream, AckKind};
use futures_util::{StreamExt, TryStreamExt};
use std::fmt::{Debug, Display};
use std::time::Duration;
use tokio::io::AsyncReadExt;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn say<T: Debug, E: Display>(label: &str, outcome: Result<T, E>) {
    match outcome {
        Ok(value) => println!("{label} -> {value:?}"),
        Err(error) => println!("{label} -> {error}"),
    }
}

fn seen(message: &jetstream::Message) -> Outcome<(String, u64, i64, u64)> {
    let info = message.info()?;
    Ok((message.subject.to_string(), info.stream_sequence, info.delivered, info.pending))
}

async fn streams(js: &jetstream::Context) -> Outcome<stream::Stream> {
    let config = stream::Config {
        name: "S".into(),
        subjects: vec!["s.>".into()],
        allow_direct: true,
        ..Default::default()
    };
    let mut made = js.create_stream(config.clone()).await?;
    let other = stream::Config { max_messages: 5, ..config.clone() };
    say("create another", js.create_stream(other).await.map(|_| ()));
    let overlapping = stream::Config { name: "T".into(), subjects: vec!["s.a".into()], ..config };
    say("create overlapping", js.create_stream(overlapping).await.map(|_| ()));
    for i in 0..4 {
        say("publish", js.publish(format!("s.{i}"), "x".into()).await?.await.map(|ack| ack.sequence));
    }
    for _ in 0..2 {
        let once = jetstream::message::PublishMessage::build().message_id("1").payload("x".into());
        let ack = js.send_publish("s.id", once).await?.await?;
        println!("publish once -> {} {}", ack.sequence, ack.duplicate);
    }
    let late = jetstream::message::PublishMessage::build().expected_last_sequence(1);
    say("publish too late", js.send_publish("s.a", late).await?.await.map(|_| ()));
    say("publish to nobody", js.publish("nobody", "x".into()).await?.await.map(|_| ()));
    say("get", made.get_raw_message(3).await.map(|message| (message.subject, message.sequence)));
    say("get directly", made.direct_get(5).await.map(|message| (message.subject, message.sequence)));
    say("get what is not there", made.get_raw_message(100).await.map(|_| ()));
    say("delete", made.delete_message(2).await);
    say("delete again", made.delete_message(2).await);
    say("purge", made.purge().filter("s.0").await.map(|answer| answer.purged));
    let state = made.info().await?.state.clone();
    println!("info -> {} {} {}", state.messages, state.first_sequence, state.last_sequence);
    Ok(made)
}

async fn consumers(js: &jetstream::Context, stream: &stream::Stream) -> Outcome {
    let config = consumer::pull::Config {
        durable_name: Some("worker".into()),
        max_deliver: 2,
        ..Default::default()
    };
    let worker = stream.create_consumer(config).await?;
    let mut batch = worker.fetch().max_messages(3).messages().await?;
    while let Some(message) = batch.next().await {
        let message = message?;
        say("fetched", seen(&message));
        message.ack().await?;
    }
    js.publish("s.again", "again".into()).await?.await?;
    let mut messages = worker.messages().await?;
    let first = messages.try_next().await?.ok_or("no message")?;
    first.ack_with(AckKind::Nak(None)).await?;
    let again = messages.try_next().await?.ok_or("no message")?;
    say("refused", seen(&again));
    say("acknowledge", again.double_ack().await);
    drop(messages);
    let info = worker.get_info().await?;
    println!("worker -> {} {} {}", info.num_ack_pending, info.num_pending, info.ack_floor.stream_sequence);
    let ordered = consumer::pull::OrderedConfig::default();
    let mut ordered = stream.create_consumer(ordered).await?.messages().await?;
    for _ in 0..3 {
        say("ordered", seen(&ordered.try_next().await?.ok_or("no message")?));
    }
    let push = consumer::push::Config { deliver_subject: "pushed".into(), ..Default::default() };
    let mut pushed = stream.create_consumer(push).await?.messages().await?;
    for _ in 0..3 {
        say("pushed", seen(&pushed.try_next().await?.ok_or("no message")?));
    }
    let nothing = stream.get_consumer::<consumer::pull::Config>("nothing").await;
    say("find nothing", nothing.map(|_| ()));
    say("delete", stream.delete_consumer("worker").await.map(|answer| answer.success));
    Ok(())
}

async fn buckets(js: &jetstream::Context) -> Outcome {
    let config = kv::Config { bucket: "B".into(), history: 5, ..Default::default() };
    let bucket = js.create_key_value(config).await?;
    let mut watcher = bucket.watch_all().await?;
    say("put", bucket.put("k", "1".into()).await);
    say("create what is there", bucket.create("k", "1".into()).await);
    say("update", bucket.update("k", "2".into(), 1).await);
    say("update too late", bucket.update("k", "3".into(), 1).await);
    say("delete", bucket.delete("k").await);
    say("get what is deleted", bucket.get("k").await);
    say("create anew", bucket.create("k", "4".into()).await);
    let mut history = bucket.history("k").await?;
    while let Some(entry) = history.try_next().await? {
        println!("history -> {} {:?} {:?}", entry.revision, entry.operation, entry.value);
    }
    for _ in 0..4 {
        let entry = watcher.try_next().await?.ok_or("no entry")?;
        println!("watched -> {} {:?} {:?}", entry.revision, entry.operation, entry.value);
    }
    say("purge", bucket.purge("k").await);
    say("delete the bucket", js.delete_key_value("B").await.map(|answer| answer.success));
    Ok(())
}

async fn objects(js: &jetstream::Context) -> Outcome {
    let config = object_store::Config { bucket: "O".into(), ..Default::default() };
    let store = js.create_object_store(config).await?;
    let info = store.put("f", &mut vec![0u8; 300_000].as_slice()).await?;
    println!("put -> {} {} {:?}", info.size, info.chunks, info.digest);
    let mut got = Vec::new();
    store.get("f").await?.read_to_end(&mut got).await?;
    println!("get -> {}", got.len());
    let listed: Vec<_> = store.list().await?.map_ok(|info| info.name).try_collect().await?;
    println!("list -> {listed:?}");
    say("delete", store.delete("f").await);
    say("get what is deleted", store.get("f").await.map(|_| ()));
    say("delete the store", js.delete_object_store("O").await);
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let address = std::env::args().nth(1).ok_or("no address")?;
    let js = jetstream::new(async_nats::connect(address).await?);
    let stream = streams(&js).await?;
    consumers(&js, &stream).await?;
    buckets(&js).await?;
    objects(&js).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let account = js.query_account().await?;
    println!("account -> {} {} {}", account.streams, account.consumers, account.requests.errors);
    Ok(())
}
