#!/usr/bin/env bash
# The servers of object stores that tests run against, built once into a cache outside the checkout: `servers.py` starts them.
set -euo pipefail
programs=${ALULA_TEST_SERVERS:-$HOME/.cache/alula-test-servers}
mkdir -p "$programs"
exec 9>"$programs/.lock"
flock 9

# have NAME VERSION COMMAND...: run a command unless it has made this version before, or is not on this machine: then
# the tests of that store are left out.
have() {
  local mark="$programs/.$1-$2"
  shift 2
  [ -e "$mark" ] && return
  command -v "$1" >/dev/null || { echo "no $1 here: the tests that need ${mark##*/.} are left out"; return; }
  echo "building ${mark##*/.}" && "$@" && touch "$mark"
}

export GOBIN="$programs/bin"
have versitygw 1.8.0 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
have fake-gcs-server 1.56.1 go install github.com/fsouza/fake-gcs-server@v1.56.1
have azurite 3.35.0 npm install --silent --no-audit --no-fund --prefix "$programs/azurite" azurite@3.35.0
