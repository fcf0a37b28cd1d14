"""`python -m benfex.simulation`: the far ends in a process of their own, until told to end."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from benfex.simulation.outside import ROUTER_NAMES, Outside, OutsideOptions
from benfex.simulation.routeros.server import StateError

logger = logging.getLogger("benfex.simulation")

STDIN = 0
PIPE_BYTES = 4096


def main() -> int:
    """Run until told to end; return 0, or 1 when a door could not be opened."""
    arguments = _parse()
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # One line a callback is ours; the client's own would double it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    options = OutsideOptions(
        home=arguments.home,
        control_port=arguments.control_port,
        daraja_port=arguments.daraja_port,
        paystack_port=arguments.paystack_port,
        router_ports=arguments.router_ports,
        seed=arguments.seed,
        routers=arguments.routers,
        subscribers=arguments.subscribers,
        fresh=arguments.fresh,
    )
    try:
        asyncio.run(_run(options, parent_pipe=arguments.parent_pipe))
    except (OSError, ValueError, StateError) as error:
        logger.error("The simulation cannot start: %s", error)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _run(options: OutsideOptions, *, parent_pipe: bool) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, ending.set)
        except NotImplementedError:
            # Windows: the handler runs in the main thread between two steps of the loop.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ending.set))
    if parent_pipe:
        threading.Thread(target=_watch_parent, args=(loop, ending), daemon=True).start()
    outside = Outside(options)
    await outside.start()
    try:
        sys.stdout.write(json.dumps(outside.announcement()) + "\n")
        sys.stdout.flush()
        logger.info("Phones are at %s/phone", outside.control_url)
        await ending.wait()
    finally:
        await outside.stop()
    logger.info("The simulation has ended")


def _watch_parent(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    # os.read, because a reader of sys.stdin would hold its lock while the interpreter ends.
    try:
        while os.read(STDIN, PIPE_BYTES):
            pass
    except OSError:
        pass
    if not loop.is_closed():
        loop.call_soon_threadsafe(ending.set)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benfex.simulation", description=__doc__)
    parser.add_argument("--home", type=Path, help="where ports and configuration are kept")
    parser.add_argument("--control-port", type=_port, default=0)
    parser.add_argument("--daraja-port", type=_port, default=0)
    parser.add_argument("--paystack-port", type=_port, default=0)
    parser.add_argument("--router-ports", type=_ports, default=(), help="a,b,c in the order of the routers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--routers", type=_count, default=len(ROUTER_NAMES))
    parser.add_argument("--subscribers", type=_count, default=0, help="homes online from the start, in all")
    parser.add_argument("--fresh", action="store_true", help="forget the kept configuration, not the ports")
    parser.add_argument("--parent-pipe", action="store_true", help="end when standard input ends")
    return parser.parse_args()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _ports(text: str) -> tuple[int, ...]:
    return tuple(_port(part) for part in text.split(",") if part.strip())


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return count


if __name__ == "__main__":
    sys.exit(main())
