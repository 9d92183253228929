"""A mail server on a loopback port that keeps what it is sent."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self._say("354 go on")
                    data = b"".join(iter(self.rfile.readline, b".\r\n"))
                    mails: list[EmailMessage] = self.server.mails  # type: ignore[attr-defined]
                    mails.append(message_from_bytes(data, policy=policy.default))
                    self._say("250 kept")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 yes")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def smtp_server() -> Iterator[tuple[str, list[EmailMessage]]]:
    """Serve until the block ends; gives the value of an Airflow connection, and the mails as they come."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        mails: list[EmailMessage] = []
        server.mails = mails  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        yield (
            f"smtp://127.0.0.1:{port}/?disable_ssl=true&disable_tls=true&from_email=nights%40example.org",
            mails,
        )
        server.shutdown()
