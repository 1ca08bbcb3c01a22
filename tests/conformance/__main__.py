"""Write the files of `conformance/`: `python -m tests.conformance`, or `make conformance`."""

from tests.conformance.documents import FOLDER, documents


def main() -> None:
    for name, text in documents().items():
        (FOLDER / name).write_text(text)


main()
