# One action of the nats CLI on a bucket.
action=$1
url=$2
bucket=$3
key=$4
value=$5
nats() { "$NATS" --server "$url" kv "$@"; }
case $action in
  make) nats add "$bucket" --history 5 > /dev/null && echo made ;;
  put) nats put "$bucket" "$key" "$value" > /dev/null ;;
  delete) nats del "$bucket" "$key" --force ;;
  purge) nats purge "$bucket" "$key" --force ;;
  get) nats get "$bucket" "$key" --raw 2> /dev/null || echo none ;;
  keys) nats ls "$bucket" 2> /dev/null | sort | xargs echo ;;
  history) nats history "$bucket" "$key" | grep -oE 'PUT|DELETE|PURGE' | sed 's/DELETE/DEL/' | xargs echo ;;
esac
