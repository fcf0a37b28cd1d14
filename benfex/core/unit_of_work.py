"""What an act or a view gets: a session in one transaction, who acts, and the one instant it is."""

from datetime import datetime

from benfex.core.actors import Actor
from benfex.core.events import Event
from data.session import Session


class Snapshot:
    """A read transaction. `now` is one instant for all of it, aware UTC."""

    def __init__(self, session: Session, actor: Actor, now: datetime) -> None:
        self.session = session
        self.actor = actor
        self.now = now


class UnitOfWork(Snapshot):
    """A write transaction; what is emitted is published after its commit, in order."""

    def __init__(self, session: Session, actor: Actor, now: datetime) -> None:
        super().__init__(session, actor, now)
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Keep an event until the commit."""
        self.events.append(event)
