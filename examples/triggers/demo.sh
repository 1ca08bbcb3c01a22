#!/bin/sh
# Orders arrive as signed messages; each starts a run, and its end another one.
# By hand: PATH=.venv/bin:$PATH examples/triggers/demo.sh
set -eu
cd "$(dirname "$0")"

ALULA_DATA=${ALULA_DATA:-$(mktemp -d)}
export ALULA_DATA
unset ALULA_ENDPOINT
stop() { alula down >/dev/null 2>&1 || true; }
trap stop EXIT
trap 'exit 130' INT TERM

mkdir -p "$ALULA_DATA"
printf 'a key of the shop' >"$ALULA_DATA/shop.key"
cat >"$ALULA_DATA/settings.toml" <<END
[[triggers.secrets]]
name = "shop"
keys = ["file:$ALULA_DATA/shop.key"]
END

alula up --detach --grpc-port 0 --http-port 0
alula register orders.py
alula list triggers

http=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["http"])' "$ALULA_DATA/server.json")
send() { python3 send.py "$http/api/v1/alula/webhooks/flytesnacks/development/ordered" "$@"; }
send "a key of the shop" order-1 '{"items": {"cork": 6, "bottle": 4}}'
send "a key of the shop" order-2 '{"items": {"barrel": 1}}'

# What is not signed, or was here before, starts nothing.
send "a key of somebody" order-3 '{"items": {"cork": 1}}'
send "a key of the shop" order-1 '{"items": {"cork": 6, "bottle": 4}}'

until alula get trigger invoiced | grep -q STARTED && alula get trigger noted | grep -q STARTED; do sleep 0.2; done
alula get trigger ordered
alula get trigger invoiced
invoice=$(alula get trigger invoiced -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["firings"][0]["run"])')
alula watch "$invoice"
alula describe execution "$invoice"
alula explain "$invoice"
