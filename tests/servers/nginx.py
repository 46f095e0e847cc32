"""A real nginx on loopback, with the very lines of ``guard/clinic/OPERATE.md``."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.certificates import Authority
from tests.servers.dovecot import free_port

OPERATE = Path(__file__).parents[2] / "guard" / "clinic" / "OPERATE.md"
NAME = "guard-anna.clinic.example"


def program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def insist() -> None:
    """Skip the test without nginx; with GUARD_REQUIRE_SERVERS=1 fail it."""
    if program() is None:
        why = "nginx is not installed (Debian: apt-get install nginx-light)"
        if os.environ.get("GUARD_REQUIRE_SERVERS") == "1":
            pytest.fail(why)
        pytest.skip(why)


@contextlib.contextmanager
def nginx(folder: Path, upstream: Path) -> Iterator[int]:
    """Run it before a Unix socket; gives the port of https.

    Args:
        folder: For its files; logs are ``guard.log`` and ``guard-error.log``.
        upstream: The socket.
    """
    port = free_port()
    (folder / "proxy").mkdir()
    issued = Authority(folder / "proxy").issue("proxy", hosts=(NAME,))
    shown = re.search(r"```nginx\n(.*?)```", OPERATE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    server = shown[1]
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/guard-anna.pem", str(issued.certificate)),
        ("/etc/ssl/private/guard-anna.key", str(issued.key)),
        ("/var/log/nginx", str(folder)),
        ("/run/guard-anna/page.sock", str(upstream)),
    ):
        assert old in server
        server = server.replace(old, new)
    scratch = "".join(
        f"{kind}_temp_path {folder};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx-error.log;\n"
        f"events {{}}\nhttp {{\n{scratch}{server}}}\n"
    )
    command = [program() or "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen([*command, "-e", str(folder / "nginx-error.log")])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        else:
            pytest.fail((folder / "nginx-error.log").read_text())
        yield port
    finally:
        process.terminate()
        process.wait(20)
