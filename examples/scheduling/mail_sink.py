"""A mail server that delivers nothing: it prints each message, and is for trying things out.

    python mail_sink.py PORT

Standard library only. Port 0 takes a free one; the first line tells which.
"""

import socketserver
import sys
from email import message_from_bytes
from email.policy import default


class Session(socketserver.StreamRequestHandler):
    """One client: as much of SMTP as sending a message takes."""

    def handle(self) -> None:
        self.answer("220 sink")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                self.answer("354 go on, and end with a dot")
                self.print_message()
                self.answer("250 printed")
            elif verb == b"QUIT":
                self.answer("221 bye")
                return
            else:
                self.answer("250 sink" if verb in (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET") else "502 not here")

    def print_message(self) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        message = message_from_bytes(b"".join(line.removeprefix(b".") for line in lines), policy=default)
        print(f"To: {message['To']}\nSubject: {message['Subject']}\n\n{message.get_content()}", flush=True)

    def answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Session) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
