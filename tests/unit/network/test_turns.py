"""Few threads work on what routers said at a time; any number may wait for routers."""

from threading import Event, Thread

import pytest

from benfex.network.drivers.routeros.turns import THREADS_AT_WORK, waiting, working


def test_who_waits_for_a_router_leaves_the_turn_to_others() -> None:
    answered = Event()
    waits = [Event() for _ in range(THREADS_AT_WORK)]

    def ask(is_waiting: Event) -> None:
        with working(), waiting():
            is_waiting.set()
            answered.wait(10)

    threads = [Thread(target=ask, args=(event,)) for event in waits]
    for thread in threads:
        thread.start()
    assert all(event.wait(10) for event in waits)
    done = Event()
    other = Thread(target=lambda: _work(done))
    other.start()
    assert done.wait(10), "routers that do not answer hold nobody up"
    answered.set()
    for thread in (*threads, other):
        thread.join(10)
        assert not thread.is_alive()


def test_a_turn_is_given_back_whatever_happens() -> None:
    for _ in range(THREADS_AT_WORK + 1):
        with pytest.raises(OSError, match="broke"), working(), waiting():
            raise OSError("broke")


def _work(done: Event) -> None:
    with working():
        done.set()
