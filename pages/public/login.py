"""The sign-in page; in the demo it says who can sign in."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from benfex.core.actors import StaffActor
from benfex.core.policy import isp_profile
from benfex.identity.staff import needs_first_run
from components.elements import box, text
from components.feedback import inline_error
from components.form import post_field, post_form, post_hidden, post_submit
from components.frame import plain_frame
from components.theme import DEFAULT_ACCENT
from pages.auth import local_path
from pages.dependencies import DOOR, BenfexDep, actor_behind
from pages.screen import screen

_WORDS = {
    "wrong_credentials": "That name and password do not belong together.",
    "too_many_attempts": "Too many wrong passwords. Wait a few minutes and try again.",
}


@screen("/login", title="Sign in")
async def login(
    benfex: BenfexDep, request: Request, error: str = "", name: str = "", next: str = ""
) -> Response | None:
    """Ask for name and password with a real form, so that password managers work."""
    if await benfex.read(needs_first_run, DOOR):
        return RedirectResponse("/first-run", status_code=303)
    actor = await actor_behind(benfex, request)
    if actor is not None:
        return RedirectResponse("/admin" if isinstance(actor, StaffActor) else "/portal", status_code=303)
    profile = await benfex.read(isp_profile, DOOR)
    with plain_frame(
        "Sign in",
        isp_name=profile.name if profile else "Benfex",
        accent=profile.accent if profile else DEFAULT_ACCENT,
        subtitle="Customers sign in with their account number or phone.",
    ):
        with post_form("/auth/login"):
            if error:
                inline_error(_WORDS.get(error, "Signing in did not work. Try again."))
            post_field(
                "name",
                "E-mail, phone or account number",
                value=name[:254],
                autocomplete="username",
                autofocus=True,
            )
            post_field("password", "Password", type="password", autocomplete="current-password")
            if local_path(next):
                post_hidden("next", local_path(next))
            post_submit("Sign in")
        if benfex.settings.demo:
            _demo_accounts(benfex.demo_accounts)
    return None


def _demo_accounts(accounts: tuple[tuple[str, str, str], ...]) -> None:
    with box("bf-rows"):
        text("This is a demo. Sign in with one tap:", "bf-sub")
        for role, name, password in accounts:
            with box("bf-row bare"):
                with box("bf-grow"):
                    text(name, "t1 num")
                    text(password, "t2 num")
                with post_form("/auth/login").classes("bf-fit"):
                    post_hidden("name", name)
                    post_hidden("password", password)
                    post_submit(role.title(), kind="ghost")
