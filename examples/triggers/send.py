"""A sender of signed messages: `python send.py URL KEY ID BODY` prints the status and the answer."""

import hashlib
import hmac
import sys
import time
import urllib.error
import urllib.request


def send(url: str, key: str, id: str, body: bytes) -> str:
    now = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Alula-Id": id,
        "Alula-Timestamp": now,
        "Alula-Signature": "v1=" + hmac.new(key.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest(),
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as refusal:
        return f"{refusal.code} {refusal.read().decode()}"


if __name__ == "__main__":
    url, key, id, body = sys.argv[1:]
    print(send(url, key, id, body.encode()))
