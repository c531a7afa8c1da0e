package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const flushed = 1_000

type order struct {
	Item  string `json:"item"`
	Count int64  `json:"count"`
}

type peer struct {
	request func(order) (order, error)
	// nil where the peer has none of its own
	publish func(subject string, sent order) error
	flush   func() error
}

// driven does what the lines on the input ask, as driven.mjs does.
func driven(subject string, served peer) {
	fmt.Printf(
		`{"version":%q,"runtime":"Go %s","publishes":%t}`+"\n",
		version(), strings.TrimPrefix(runtime.Version(), "go"), served.publish != nil,
	)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var verb string
		var first, second int64
		fmt.Sscan(lines.Text(), &verb, &first, &second)
		began := time.Now()
		if verb == "request" {
			served.ask(first, second)
		} else {
			served.send(subject, first)
		}
		fmt.Println(time.Since(began).Seconds() * 1_000)
	}
}

func (served peer) ask(atOnce, operations int64) {
	var asked atomic.Int64
	var lanes sync.WaitGroup
	for range atOnce {
		lanes.Add(1)
		go func() {
			defer lanes.Done()
			for count := asked.Add(1); count <= operations; count = asked.Add(1) {
				answer, err := served.request(order{"tea", count})
				must(err)
				if answer != (order{"tea", count * 2}) {
					must(fmt.Errorf("Cannot go on as %d must be doubled: %v", count, answer))
				}
			}
		}()
	}
	lanes.Wait()
}

func (served peer) send(subject string, operations int64) {
	for count := int64(1); count < operations; count++ {
		must(served.publish(subject+".nobody", order{"tea", count}))
		if count%flushed == 0 {
			must(served.flush())
		}
	}
	must(served.publish(subject+".last", order{"tea", operations}))
	must(served.flush())
}

func encoded(sent order) []byte {
	data, err := json.Marshal(sent)
	must(err)
	return data
}

func decoded(data []byte) (read order) {
	must(json.Unmarshal(data, &read))
	return read
}

func doubled(asked order) order {
	return order{asked.Item, asked.Count * 2}
}

func version() string {
	built, _ := debug.ReadBuildInfo()
	for _, module := range built.Deps {
		if module.Path == "github.com/nats-io/nats.go" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
