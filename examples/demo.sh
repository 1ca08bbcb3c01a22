#!/bin/sh
# The whole way in one go: start a platform, run the sample on it, look at the result, stop it.
# Leaves the data in .data/demo, so that a second run finds its cache. Uses nothing but the commands.
# `make demo` calls this; by hand: PATH=.venv/bin:$PATH examples/demo.sh
set -eu
cd "$(dirname "$0")/.."

ALULA_DATA=${ALULA_DATA:-$PWD/.data/demo}
export ALULA_DATA
unset ALULA_ENDPOINT

name="wine-$(date +%s)-$$"
stop() { alula down >/dev/null 2>&1 || true; }
trap stop EXIT
trap 'exit 130' INT TERM

alula up --detach --grpc-port 0 --http-port 0
alula run --remote --wait --name "$name" examples/wine.py pipeline
http=$(alula status | sed -n 's/.*, HTTP //p')

cat <<END

run $name is kept in $ALULA_DATA. To look at it:
  export ALULA_DATA=$ALULA_DATA PATH=$PWD/.venv/bin:\$PATH
  alula up --detach --grpc-port 0 --http-port ${http##*:}
  alula describe execution $name
  alula logs $name report
  alula down
Its page, while that platform runs:
  $http/console/projects/flytesnacks/domains/development/executions/$name
END
