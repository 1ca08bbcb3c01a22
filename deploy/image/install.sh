#!/bin/sh
# Install Alula with EXTRAS into /opt/alula, and lay it below /build/image as the image has it, with a bill of materials.
# Whenever and wherever this is run, the same files come out: nothing in them tells the time.
set -eu
extras=$1
tools=/build/tools/bin
export PYTHONHASHSEED=0

"$tools/uv" venv --quiet --python python3 /opt/alula
wheel=$(ls /build/wheel/alula-*.whl)
"$tools/uv" pip install --quiet --no-cache --python /opt/alula/bin/python \
  -c /build/source/constraints.txt "alula[$extras] @ file://$wheel"

# Where it was installed from, and when.
find /opt/alula -name uv_cache.json -delete -o -name direct_url.json -delete
sed -i '/uv_cache.json\|direct_url.json/d' /opt/alula/lib/python3*/site-packages/*.dist-info/RECORD

# Bytecode that is found by its source's name, not its time. One at a time, as marshal depends on what else was compiled.
find /opt/alula/lib -name __pycache__ -prune -exec rm -rf {} +
# Some packages have files that are no Python of this version, which is no mistake.
/opt/alula/bin/python -m compileall -qq -j 1 --invalidation-mode unchecked-hash /opt/alula/lib || true

"$tools/cyclonedx-py" environment --output-reproducible --sv 1.6 --of JSON -o /opt/alula/sbom.cdx.json /opt/alula/bin/python

rm -f /opt/alula/.lock /opt/alula/.gitignore /opt/alula/CACHEDIR.TAG  # uv's own

mkdir -p /build/image/opt /build/image/etc /build/data
cp -a /opt/alula /build/image/opt/
cp /build/health.py /build/image/opt/alula/
for each in passwd group; do cp "/etc/$each" /build/image/etc/; done
echo 'alula:x:10001:10001::/var/lib/alula:/usr/sbin/nologin' >> /build/image/etc/passwd
echo 'alula:x:10001:' >> /build/image/etc/group
chmod 755 /build/data
find /build/image /build/data -exec touch -h -d @0 {} +
