// What nats.go sees of JetStream, line by line; the address of the server is the argument.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var background = context.Background()

func say(label string, outcome any, err error) {
	var refused *jetstream.APIError
	if errors.As(err, &refused) {
		fmt.Println(label, "->", refused.ErrorCode, refused.Description)
	} else if err != nil {
		fmt.Println(label, "->", err)
	} else {
		fmt.Printf("%s -> %+v\n", label, outcome)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	return value
}

func streams(js jetstream.JetStream) jetstream.Stream {
	config := jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}, AllowDirect: true, AllowMsgTTL: true}
	stream := must(js.CreateStream(background, config))
	config.MaxMsgs = 5
	_, err := js.CreateStream(background, config)
	say("create another", nil, err)
	_, err = js.CreateOrUpdateStream(background, jetstream.StreamConfig{Name: "T", Subjects: []string{"s.a"}})
	say("create overlapping", nil, err)
	for i := range 4 {
		say("publish", *must(js.Publish(background, fmt.Sprintf("s.%d", i), []byte("x"))), nil)
	}
	for range 2 {
		say("publish once", *must(js.Publish(background, "s.id", []byte("x"), jetstream.WithMsgID("1"))), nil)
	}
	_, err = js.Publish(background, "s.a", nil, jetstream.WithExpectLastSequence(1))
	say("publish too late", nil, err)
	_, err = js.Publish(background, "s.a", nil, jetstream.WithMsgTTL(time.Millisecond))
	say("publish for a moment", nil, err)
	_, err = js.Publish(background, "nobody", nil)
	say("publish to nobody", nil, err)
	message := must(stream.GetLastMsgForSubject(background, "s.id"))
	say("get", []any{message.Subject, message.Sequence, string(message.Data)}, nil)
	_, err = stream.GetMsg(background, 100)
	say("get what is not there", nil, err)
	say("delete", nil, stream.DeleteMsg(background, 2))
	say("delete again", nil, stream.DeleteMsg(background, 2))
	say("purge", nil, stream.Purge(background, jetstream.WithPurgeSubject("s.0")))
	info := must(stream.Info(background, jetstream.WithSubjectFilter(">"), jetstream.WithDeletedDetails(true)))
	say("info", []any{info.State.Msgs, info.State.FirstSeq, info.State.LastSeq, info.State.Subjects, info.State.Deleted}, nil)
	return stream
}

func seen(message jetstream.Msg) []any {
	data := must(message.Metadata())
	return []any{message.Subject(), string(message.Data()), data.Sequence, data.NumDelivered, data.NumPending}
}

func fetched(batch jetstream.MessageBatch, err error) (found []any) {
	for message := range must(batch, err).Messages() {
		found = append(found, seen(message))
	}
	return append(found, batch.Error())
}

func consumers(js jetstream.JetStream, stream jetstream.Stream) {
	config := jetstream.ConsumerConfig{Durable: "worker", AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 2, BackOff: []time.Duration{time.Hour}}
	worker := must(stream.CreateConsumer(background, config))
	config.AckPolicy = jetstream.AckAllPolicy
	_, err := stream.UpdateConsumer(background, config)
	say("change how it acknowledges", nil, err)
	say("fetch", fetched(worker.Fetch(2)), nil)
	say("fetch what is there", fetched(worker.FetchNoWait(10)), nil)
	say("fetch bytes", fetched(worker.FetchBytes(1_000, jetstream.FetchMaxWait(200*time.Millisecond))), nil)
	must(js.Publish(background, "s.again", []byte("again")))
	message := must(worker.Next())
	say("refuse", nil, message.Nak())
	message = must(worker.Next())
	say("refused", seen(message), nil)
	say("acknowledge", nil, message.DoubleAck(background))
	say("acknowledge again", nil, message.Ack())
	info := must(worker.Info(background))
	say("worker", []any{info.NumAckPending, info.NumPending, info.NumRedelivered, info.AckFloor.Stream, info.Config.AckWait}, nil)
	paused := must(stream.PauseConsumer(background, "worker", time.Now().Add(time.Hour)))
	say("paused", paused.Paused, nil)
	say("resumed", must(stream.ResumeConsumer(background, "worker")).Paused, nil)
	consume(js, stream)
	_, err = stream.Consumer(background, "nothing")
	say("find nothing", nil, err)
	say("delete", nil, stream.DeleteConsumer(background, "worker"))
}

func consume(js jetstream.JetStream, stream jetstream.Stream) {
	ordered := must(stream.OrderedConsumer(background, jetstream.OrderedConsumerConfig{FilterSubjects: []string{"s.3", "s.id"}}))
	messages := must(ordered.Messages())
	for range 2 {
		say("ordered", seen(must(messages.Next()))[:2], nil)
	}
	messages.Stop()
	push := must(stream.CreatePushConsumer(background, jetstream.ConsumerConfig{DeliverSubject: "pushed", IdleHeartbeat: time.Second, FlowControl: true}))
	heard := make(chan jetstream.Msg, 10)
	consuming := must(push.Consume(func(message jetstream.Msg) { heard <- message }))
	for range 3 {
		say("pushed", seen(<-heard), nil)
	}
	consuming.Stop()
	group := jetstream.ConsumerConfig{Durable: "group", PriorityPolicy: jetstream.PriorityPolicyOverflow, PriorityGroups: []string{"g"}}
	overflow := must(stream.CreateConsumer(background, group))
	say("of a group", fetched(overflow.Fetch(1, jetstream.FetchPriorityGroup("g"), jetstream.FetchMinPending(100), jetstream.FetchMaxWait(200*time.Millisecond))), nil)
}

func buckets(js jetstream.JetStream) {
	bucket := must(js.CreateKeyValue(background, jetstream.KeyValueConfig{Bucket: "B", History: 5, LimitMarkerTTL: time.Hour}))
	watcher := must(bucket.WatchAll(background))
	say("put", must(bucket.Put(background, "k", []byte("1"))), nil)
	_, err := bucket.Create(background, "k", []byte("1"))
	say("create what is there", nil, err)
	say("update", must(bucket.Update(background, "k", []byte("2"), 1)), nil)
	_, err = bucket.Update(background, "k", []byte("3"), 1)
	say("update too late", nil, err)
	say("delete", nil, bucket.Delete(background, "k"))
	_, err = bucket.Get(background, "k")
	say("get what is deleted", nil, err)
	say("create for an hour", must(bucket.Create(background, "k", []byte("4"), jetstream.KeyTTL(time.Hour))), nil)
	for _, entry := range must(bucket.History(background, "k")) {
		say("history", []any{string(entry.Value()), entry.Revision(), entry.Operation(), entry.Delta()}, nil)
	}
	for range 5 {
		if entry := <-watcher.Updates(); entry != nil {
			say("watched", []any{entry.Key(), string(entry.Value()), entry.Operation()}, nil)
		}
	}
	say("stop watching", nil, watcher.Stop())
	status := must(bucket.Status(background))
	say("status", []any{status.Values(), status.History(), status.Bytes()}, nil)
	say("delete the bucket", nil, js.DeleteKeyValue(background, "B"))
}

func objects(js jetstream.JetStream) {
	store := must(js.CreateObjectStore(background, jetstream.ObjectStoreConfig{Bucket: "O"}))
	info := must(store.PutBytes(background, "f", make([]byte, 300_000)))
	say("put", []any{info.Size, info.Chunks, info.Digest}, nil)
	say("get", len(must(store.GetBytes(background, "f"))), nil)
	must(store.AddLink(background, "l", info))
	names := []string{}
	for _, each := range must(store.List(background)) {
		names = append(names, each.Name)
	}
	sort.Strings(names)
	say("list", names, nil)
	say("delete", nil, store.Delete(background, "f"))
	_, err := store.GetBytes(background, "f")
	say("get what is deleted", nil, err)
	say("delete the store", nil, js.DeleteObjectStore(background, "O"))
}

func main() {
	connection := must(nats.Connect(os.Args[1]))
	js := must(jetstream.New(connection))
	consumers(js, streams(js))
	buckets(js)
	objects(js)
	account := must(js.AccountInfo(background))
	say("account", []any{account.Streams, account.Consumers, account.API.Errors, account.Limits.MaxStreams}, nil)
	connection.Close()
}
