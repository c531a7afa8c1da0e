#!/bin/sh
# The nats command and a bucket of objects: an action, the address of the server, and what the action needs.
set -e
export NATS_URL="$2" NO_COLOR=1
home=$(mktemp -d)
export HOME="$home" XDG_CONFIG_HOME="$home"
trap 'rm -rf "$home"' EXIT

case "$1" in
put) "$NATS" object put files "$4" --name "$3" --description "a peer's" -H content-type:image/png -f --no-progress ;;
get) "$NATS" object get files "$3" -O "$4" -f --no-progress ;;
info) "$NATS" object info files "$3" ;;
list) "$NATS" object ls files --names ;;
delete) "$NATS" object rm files "$3" -f ;;
esac
