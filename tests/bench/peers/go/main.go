// The work with nats.go, or with its micro where that is the argument.
package main

import (
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

func main() {
	url, subject := os.Getenv("NATS_URL"), os.Getenv("SUBJECT")
	server, err := nats.Connect(url)
	must(err)
	client, err := nats.Connect(url)
	must(err)
	served := peer{
		request: func(asked order) (answer order, err error) {
			message, err := client.Request(subject, encoded(asked), 10*time.Second)
			if err != nil {
				return answer, err
			}
			return decoded(message.Data), nil
		},
	}
	if len(os.Args) > 1 && os.Args[1] == "micro" {
		serveMicro(server, subject)
	} else {
		serve(server, subject)
		served.publish = func(to string, sent order) error { return client.Publish(to, encoded(sent)) }
		served.flush = client.Flush
	}
	must(server.Flush())
	driven(subject, served)
}

func serve(server *nats.Conn, subject string) {
	_, err := server.Subscribe(subject, func(message *nats.Msg) {
		must(message.Respond(encoded(doubled(decoded(message.Data)))))
	})
	must(err)
}

func serveMicro(server *nats.Conn, subject string) {
	_, err := micro.AddService(server, micro.Config{
		Name:    "orders",
		Version: "1.0.0",
		Endpoint: &micro.EndpointConfig{
			Subject: subject,
			Handler: micro.HandlerFunc(func(request micro.Request) {
				must(request.RespondJSON(doubled(decoded(request.Data()))))
			}),
		},
	})
	must(err)
}
