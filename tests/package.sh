#!/usr/bin/env bash
# Build wheel and sdist, install each into an empty environment, and run the hello world and a platform there, with its
# console.
set -euo pipefail
uv=$1
cd "$(dirname "$0")/.."
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$uv" build --quiet --out-dir "$work/dist" .
for package in "$work"/dist/*.whl "$work"/dist/*.tar.gz; do
  echo "== $(basename "$package")"
  environment=$work/environment
  rm -rf "$environment"
  "$uv" venv --quiet --python "${PYTHON:-python3}" "$environment"
  "$uv" pip install --quiet --python "$environment/bin/python" "alula[server] @ file://$package"
  export ALULA_DATA=$work/data
  cd "$work"
  "$environment/bin/alula" --version
  "$environment/bin/alula" run "$here/examples/hello.py" hello --name packages
  "$environment/bin/alula" up --detach --grpc-port 0 --http-port 0
  "$environment/bin/alula" run --remote --wait "$here/examples/hello.py" hello --name packages
  "$environment/bin/python" "$here/tests/console_answers.py" "$("$environment/bin/alula" status --output json)"
  "$environment/bin/alula" down
  cd "$here"
  rm -rf "$work/data"
done
