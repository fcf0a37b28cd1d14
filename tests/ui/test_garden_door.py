"""The door for who has not paid: whatever was asked for, the answer is the portal."""

import httpx

from pages.garden_door import garden_app


async def test_any_host_and_path_leads_to_the_portal() -> None:
    transport = httpx.ASGITransport(garden_app("https://portal.isp.example"))
    async with httpx.AsyncClient(transport=transport) as client:
        for address in ("http://connectivitycheck.gstatic.com/generate_204", "http://news.example/a/b?c=d"):
            answer = await client.get(address)
            assert answer.status_code == 302
            assert answer.headers["location"] == "https://portal.isp.example/portal"
            assert answer.headers["cache-control"] == "no-store"
