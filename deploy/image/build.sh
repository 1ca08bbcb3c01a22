#!/bin/sh
# Build an image with podman or docker, as reproducibly as it can: build.sh NAME [TARGET] [further options].
# The same checkout on the same base gives the same layers, also tomorrow.
set -eu
name=$1 target=${2:-platform}
[ $# -gt 1 ] && shift
shift
cd "$(dirname "$0")/../.."
for program in ${BUILDER:-podman docker}; do
  command -v "$program" >/dev/null && break
done
set -- -f deploy/image/Containerfile --target "$target" -t "$name" "$@" .
case $program in
  docker)
    SOURCE_DATE_EPOCH=0 exec docker buildx build --provenance=false \
      --output "type=image,name=$name,rewrite-timestamp=true" "$@" ;;
  *)
    # Podman's default format, OCI, has no health check.
    # shellcheck disable=SC2086
    exec "$program" ${BUILDER_OPTIONS:-} build --format docker --timestamp 0 "$@" ;;
esac
