"""Whether a running platform shows its console: the page, and each file that the page names.

Run with what `alula status --output json` says. Standard library only: it runs where nothing but Alula is installed.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request


def read(url: str) -> str:
    request = urllib.request.Request(url, headers={"Accept": "*/*"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode("utf-8", "replace")


def main() -> None:
    http = json.loads(sys.argv[1])["http"]
    page = read(f"{http}/")
    files = re.findall(r'"(/console/assets/[^"]+)"', page)
    assert any(file.endswith(".js") for file in files), f"the console's page names no program:\n{page}"
    for file in files:
        assert read(http + file), f"{file} is empty"
    print(f"the console answers, with {len(files)} files")


if __name__ == "__main__":
    main()
