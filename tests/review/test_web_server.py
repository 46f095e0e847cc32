"""The page's own server: it ends in its own loop, and listens for this machine alone."""

import http.client
import socket
import stat
from pathlib import Path
from threading import Thread

import pytest

from guard.review.web_server import Server, host_of, listen, listen_file
from tests.review.practice import Practice


def asked(line: socket.socket, host: str) -> bytes:
    with line:
        line.sendall(
            f"GET /nothing HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        return line.makefile("rb").readline()


def test_a_stopped_server_ends_its_loop_and_frees_its_port(practice: Practice) -> None:
    listening = listen()
    host = host_of(listening)
    server = Server(practice.app, listening)
    running = Thread(target=server.run)
    running.start()
    port = int(host.partition(":")[2])
    assert b"403" in asked(socket.create_connection(("127.0.0.1", port)), host)
    server.stop()
    running.join(10)
    assert not running.is_alive()
    server.stop()
    listen(port).close()


def test_a_huge_body_is_refused_before_it_is_read(practice: Practice) -> None:
    listening = listen()
    server = Server(practice.app, listening)
    running = Thread(target=server.run)
    running.start()
    line = http.client.HTTPConnection(host_of(listening), timeout=20)
    line.putrequest("POST", "/unlock")
    line.putheader("Content-Length", "1000000000")
    line.endheaders()
    assert line.getresponse().status == 413
    line.close()
    server.stop()
    running.join(10)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::"])
def test_it_listens_nowhere_but_on_this_machine(address: str) -> None:
    with pytest.raises(ValueError, match=address):
        listen(0, address)


def test_a_socket_file_is_its_owners_and_its_groups(practice: Practice, tmp_path: Path) -> None:
    file = tmp_path / "guard.sock"
    listening = listen_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o660
    server = Server(practice.app, listening)
    running = Thread(target=server.run)
    running.start()
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(file))
    assert b"403" in asked(line, "guard")
    server.stop()
    running.join(10)


def test_a_socket_that_a_killed_run_left_is_taken_over_and_one_in_use_is_not(
    tmp_path: Path,
) -> None:
    file = tmp_path / "guard.sock"
    listen_file(file).close()
    again = listen_file(file)
    with pytest.raises(OSError, match="in use"):
        listen_file(file)
    again.close()


def test_a_file_in_the_sockets_place_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "guard.sock"
    file.write_text("hers")
    with pytest.raises(FileExistsError):
        listen_file(file)
    assert file.read_text() == "hers"
