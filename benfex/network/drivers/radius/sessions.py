"""Have running sessions follow what was written: at another speed where that is all, else by a new dial."""

from __future__ import annotations

from benfex.core.errors import RouterRejected
from benfex.network.drivers.radius import reads, requests
from benfex.network.drivers.radius.conversation import Conversation
from benfex.network.drivers.radius.requests import Nas, Outcome, RunningSession
from benfex.network.rate_limit import format_rate_limit


def disconnect(talk: Conversation, username: str) -> int:
    """End the sessions of a name, or have them go on at the speed written last; return how many there were.

    Raises RouterRejected (`nas_silent`, `nas_refused`, `unknown_nas`) where one did not follow.
    """
    running = requests.running_sessions(talk, username)
    if not running:
        return 0
    known, limit = requests.nases(talk), _new_speed(talk, username)
    for session in running:
        _follow(requests.nas_at(known, session.nas_host), session, limit)
    if limit is not None:
        talk.ask("UPDATE benfex_access SET goes_on = false WHERE username = %s", (username,))
    return len(running)


def _follow(nas: Nas, session: RunningSession, limit: str | None) -> None:
    if limit is not None and requests.change_speed(nas, session, limit) in (Outcome.DONE, Outcome.GONE):
        return
    match requests.end_session(nas, session):
        case Outcome.SILENT:
            raise RouterRejected(
                f"The NAS at {nas.host} did not answer on UDP port {nas.port}: it is away, does not take requests, "
                "or has another secret.",
                code="nas_silent",
            )
        case Outcome.REFUSED:
            raise RouterRejected(f"The NAS at {nas.host} refused to end the session.", code="nas_refused")


def _new_speed(talk: Conversation, username: str) -> str | None:
    """Return the speed of a name whose sessions need no new dial for it."""
    if not reads.has_marks(talk):
        return None
    if not talk.ask("SELECT 1 FROM benfex_access WHERE username = %s AND goes_on", (username,)):
        return None
    entry = reads.read_entry(talk, username)
    profiles = {profile.name: profile for profile in reads.read_profiles(talk)}
    profile = profiles.get(entry.profile) if entry is not None else None
    return format_rate_limit(profile.rate, profile.burst) if profile is not None else None
