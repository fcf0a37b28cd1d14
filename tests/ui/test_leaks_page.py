"""The page of leaks: what the routers were asked, and which did not answer."""

from nicegui.testing import User

from tests.ui.isp import Isp, sign_in


async def test_where_no_router_is_in_use_none_was_asked(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open("/admin/leaks")
    await user.should_see("No router is in use, so none was asked.", retries=60)
    await user.should_see("No leak")


async def test_who_is_online_is_asked_of_no_router_that_is_not_in_use(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open("/admin/online")
    await user.should_see("Nobody is found", retries=60)
