"""A transport knows when its router answered, however late the answer is read to its end."""

import socket
import time

from benfex.network.drivers.routeros.transport import BufferedTransport


def test_an_exchange_lies_midway_between_the_question_and_the_first_bytes_of_its_answer() -> None:
    ours, router = socket.socketpair()
    with ours, router:
        transport = BufferedTransport(ours, timeout_seconds=5)
        transport.start_command(deadline_seconds=5)
        before = time.monotonic()
        transport.write(b"question")
        router.sendall(b"first")
        assert transport.read_some() == b"first"
        exchanged_at = transport.exchanged_at()
        assert before <= exchanged_at <= time.monotonic()

        router.sendall(b"the rest")
        transport.read_some()

        assert transport.exchanged_at() == exchanged_at
        transport.write(b"another")
        router.sendall(b"answer")
        transport.read_some()
        assert transport.exchanged_at() > exchanged_at
