"""The image's health check: asks the platform in this container, by the standard library alone."""

import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("ALULA_HEALTH_URL") or f"http://127.0.0.1:{os.environ.get('ALULA_HTTP_PORT') or 8088}/healthcheck"
"""`ALULA_HEALTH_URL` is for a process without the role `api`: that of its `metrics.address`."""

try:
    with urllib.request.urlopen(URL, timeout=4) as answer:
        print(answer.read().decode(errors="replace"))
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode(errors="replace"))
except OSError as error:
    sys.exit(f"{URL}: {error}")
