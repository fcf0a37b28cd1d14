"""The customers' phones: prompts, the habits of the hand that answers them, balances and messages.

What an answer leads to at M-Pesa is in daraja_stk.py; the page that shows a phone is phone_page.py.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benfex.simulation.daraja_words import ANSWERS, PHONE

PLENTY = 1_000_000
KEPT_MESSAGES = 20
FIRST_NAMES = ("JANE", "PETER", "GRACE", "JOHN", "MERCY", "DAVID", "FAITH", "SAMUEL", "WANJIRU", "OTIENO")


class NoPromptError(LookupError):
    """The phone shows no such prompt."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question on a phone. Amounts are whole shillings; instants are seconds since 1970."""

    checkout_id: str
    msisdn: str
    amount: int
    account: str
    business: str
    opened_at: float
    expires_at: float

    def describe(self) -> dict[str, object]:
        """Return the prompt as the control door shows it."""
        return {
            "checkout_id": self.checkout_id,
            "msisdn": self.msisdn,
            "amount": self.amount,
            "account": self.account,
            "business": self.business,
            "opened_at": self.opened_at,
            "expires_in_seconds": max(0.0, round(self.expires_at - time.time(), 1)),
        }


@dataclass(frozen=True, slots=True)
class Habit:
    """How prompts are answered without a hand: the answer, and the pause before it."""

    answer: str
    delay_seconds: float = 0.0


@dataclass(slots=True)
class Phone:
    """One phone; the balance is in whole shillings."""

    balance: int = PLENTY
    habit: Habit | None = None
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))


Resolver = Callable[[Prompt, str], None]


class Phones:
    """All phones by msisdn (2547…); a phone comes into being when it is first spoken of."""

    def __init__(self) -> None:
        self.common_habit: Habit | None = None
        self._phones: dict[str, Phone] = {}
        self._prompts: dict[str, tuple[Prompt, Resolver]] = {}
        self._timers: dict[str, list[asyncio.TimerHandle]] = {}

    def phone(self, msisdn: str) -> Phone:
        """Return the phone with this number."""
        return self._phones.setdefault(msisdn, Phone())

    def is_busy(self, msisdn: str) -> bool:
        """Tell whether the phone shows a prompt."""
        return msisdn in self._prompts

    def show(self, prompt: Prompt, *, resolve: Resolver) -> None:
        """Show a prompt; `resolve` is called once with the answer, "too_late" when none comes in time."""
        self._prompts[prompt.msisdn] = (prompt, resolve)
        loop = asyncio.get_running_loop()
        span = max(0.0, prompt.expires_at - time.time())
        timers = [loop.call_later(span, self._expire, prompt)]
        habit = self.phone(prompt.msisdn).habit or self.common_habit
        if habit is not None and habit.answer in ANSWERS and habit.delay_seconds < span:
            timers.append(loop.call_later(habit.delay_seconds, self._expire, prompt, habit.answer))
        self._timers[prompt.checkout_id] = timers

    def answer(self, msisdn: str, answer: str, *, checkout_id: str | None = None) -> Prompt:
        """Answer the prompt of a phone. Raises NoPromptError, and ValueError for an unknown answer."""
        if answer not in ANSWERS:
            raise ValueError(f"answer must be one of {', '.join(ANSWERS)}")
        found = self._prompts.get(msisdn)
        if found is None or (checkout_id is not None and found[0].checkout_id != checkout_id):
            raise NoPromptError(f"no such prompt on {msisdn}")
        prompt, resolve = found
        del self._prompts[msisdn]
        for timer in self._timers.pop(prompt.checkout_id, []):
            timer.cancel()
        resolve(prompt, answer)
        return prompt

    def habit_of(self, msisdn: str) -> str:
        """Return the answer this phone gives by itself, "pay" when it has no habit."""
        habit = self.phone(msisdn).habit or self.common_habit
        return habit.answer if habit is not None and habit.answer in ANSWERS else "pay"

    def set_habit(self, msisdn: str | None, *, answer: str, delay_seconds: float) -> None:
        """Let a phone, or all without a habit of their own (None), answer by itself; "ignore" ends that.

        Raises ValueError for an unknown answer.
        """
        if answer != "ignore" and answer not in ANSWERS:
            raise ValueError(f"answer must be ignore or one of {', '.join(ANSWERS)}")
        habit = Habit(answer, max(0.0, delay_seconds))
        if msisdn is None:
            self.common_habit = habit
        else:
            self.phone(msisdn).habit = habit

    def prompts(self, msisdn: str | None = None) -> list[Prompt]:
        """Return the open prompts, of one phone or of all, oldest first."""
        return [prompt for prompt, _ in self._prompts.values() if msisdn is None or prompt.msisdn == msisdn]

    def known(self) -> dict[str, Phone]:
        """Return the phones spoken of so far."""
        return dict(self._phones)

    def stop(self) -> None:
        """Forget all prompts without answering them."""
        for timers in self._timers.values():
            for timer in timers:
                timer.cancel()
        self._timers.clear()
        self._prompts.clear()

    def _expire(self, prompt: Prompt, answer: str = "too_late") -> None:
        found = self._prompts.get(prompt.msisdn)
        if found is not None and found[0] is prompt:
            self.answer(prompt.msisdn, answer)


def first_name(msisdn: str) -> str:
    """Return the name that the register has for a number; the same each time."""
    return FIRST_NAMES[int(msisdn[-4:]) % len(FIRST_NAMES)]


def parse_msisdn(text: str) -> str:
    """Return a number as 2547… or 2541…, from any of the usual ways to write it. Raises ValueError."""
    digits = re.sub(r"[\s()+-]", "", text)
    if re.fullmatch(r"0[17]\d{8}", digits):
        digits = "254" + digits[1:]
    elif re.fullmatch(r"[17]\d{8}", digits):
        digits = "254" + digits
    if not PHONE.fullmatch(digits):
        raise ValueError(f"{text} is not a Kenyan mobile number")
    return digits
