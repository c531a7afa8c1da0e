#!/bin/sh
# What the nats command tells of JetStream. NATS is the command; the address of the server is the argument.
export NATS_URL="$1" NO_COLOR=1
home=$(mktemp -d)
export HOME="$home" XDG_CONFIG_HOME="$home"
trap 'rm -rf "$home"' EXIT

nats() {
  { echo "--- nats $*" && "$NATS" "$@" 2>&1; } | sed "s|$home|<home>|g"
}

nats stream add S --subjects 's.>' --storage memory --defaults
nats stream add S --subjects 'other' --storage file --defaults
nats pub s.a hello --jetstream
nats pub s.b world -H Nats-Msg-Id:1 --jetstream
nats pub s.b world -H Nats-Msg-Id:1 --jetstream
nats pub s.b again --count 2 --jetstream
nats stream info S
nats stream subjects S
nats stream get S 1
nats stream get S -S s.b
nats stream get S 100
nats stream edit S --max-msgs 3 -f
nats stream rmm S 3 -f
nats stream state S
nats stream ls
nats stream report
nats stream find
nats consumer add S C --pull --defaults --ack explicit --max-deliver 2
nats consumer add S P --target pushed --defaults --deliver last
nats consumer next S C --count 2 --ack
nats consumer info S C
nats consumer pause S C 1h -f
nats consumer resume S C -f
nats consumer edit S C --max-pending 5 -f
nats consumer ls S
nats consumer report S
nats stream view S 2
nats consumer rm S C -f
nats consumer info S C
nats stream purge S -f
nats stream rm S -f
nats stream info S
nats kv add B --history 3
nats kv put B k v1
nats kv get B k
nats kv create B k x
nats kv update B k v2 1
nats kv update B k v3 1
nats kv history B k
nats kv ls B
nats kv del B k -f
nats kv get B k
nats kv revert B k 1 -f
nats kv purge B k -f
nats kv info B
nats kv ls
nats kv rm B -f
echo 'an object' > "$home/f"
nats object add O
nats object put O "$home/f" --name f -f --no-progress
nats object info O f
nats object ls O
nats object get O f -O "$home/got" -f --no-progress
cat "$home/got"
nats object rm O f -f
nats object seal O -f
nats object rm O -f
