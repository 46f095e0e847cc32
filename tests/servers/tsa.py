"""A time-stamp authority on loopback: `openssl ts` behind a small HTTP server."""

import contextlib
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_CONFIG = """\
[tsa]
default_tsa = this
[this]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
{certs}
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[stamping]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


def openssl(folder: Path, *words: str) -> None:
    """Run openssl in a folder; it must go well."""
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_certificates(folder: Path, *, chain: bool) -> None:
    """A root, perhaps an authority under it, and under that the key that stamps."""
    certs = f"certs = {folder}/middle.pem" if chain else ""
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, certs=certs))
    (folder / "serial").write_text("01\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", "-x509", *curve, "-days", "9", "-subj", "/CN=Root", "-keyout", "root.key", "-out", "root.pem", "-config", "/dev/null", "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip  # noqa: E501
    above = "root"
    # A short and a long name: openssl then gives the two in an order that DER does not allow.
    names = [("middle", "/CN=M", "authority")] if chain else []
    for name, subject, kind in (*names, ("tsa", "/CN=Stamps for the tests", "stamping")):
        openssl(folder, "req", "-new", *curve, "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-config", "/dev/null")  # fmt: skip  # noqa: E501
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{above}.pem", "-CAkey", f"{above}.key", "-CAcreateserial", "-days", "9", "-out", f"{name}.pem", "-extfile", "tsa.cnf", "-extensions", kind)  # fmt: skip  # noqa: E501
        above = name


@dataclass
class TimeStampAuthority:
    """Answers every request; `spoil` may change an answer."""

    folder: Path
    chain: bool = False
    """Whether answers are of the kind that rfc3161-client cannot decode."""

    made: bool = False
    """Whether the folder holds the certificates already."""

    spoil: Callable[[bytes], bytes] = lambda answer: answer
    status: int = 200
    asked: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        if not self.made:
            make_certificates(self.folder, chain=self.chain)
        tsa = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = self.rfile.read(int(self.headers["Content-Length"]))
                tsa.asked.append(question)
                answer = tsa.spoil(tsa.answer(question))
                self.send_response(tsa.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(answer)

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/tsr"

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, question: bytes) -> bytes:
        """What `openssl ts` says."""
        (self.folder / "query.tsq").write_bytes(question)
        openssl(self.folder, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr")  # fmt: skip  # noqa: E501
        return (self.folder / "answer.tsr").read_bytes()
