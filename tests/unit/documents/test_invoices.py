import re
import sys
import threading
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from benfex.documents.invoices import render_invoice
from benfex.documents.paper import UNKNOWN, clean
from benfex.documents.parts import ChargedLine, HowToPay, Payer
from benfex.documents.sheet import Brand
from tests.unit.documents.sheets import (
    BRAND,
    PERIOD,
    URL,
    an_invoice,
    codes_on,
    facts_of,
    kes,
    pages_of,
    text_of,
)


def _a_picture() -> bytes:
    written = BytesIO()
    Image.effect_noise((700, 180), 60).save(written, "JPEG", quality=95)
    return written.getvalue()


WITH_LOGO = replace(BRAND, logo=_a_picture())


def test_an_invoice_says_what_is_owed_why_and_until_when() -> None:
    text = text_of(render_invoice(an_invoice()))
    for words in (
        "INV-2026-00042",
        "Amina Wanjirũ",
        "BFX000014",
        "25 Nov – 24 Dec 2026",
        "30 days",
        "2 × KES 275.00",
        "−215.52",
        "VAT 16% of 2,413.79",
        "M-Pesa SFF6XYZ123, 26 Nov 2026",
        "−KES 800.00",
        "KES 2,000.00",
        "Please pay by 2 Dec 2026",
        "174379",
        "P051234567X",
        "Page 1 of 1",
    ):
        assert words in text, words


def test_a_phone_reads_the_pay_link_off_the_paper() -> None:
    assert codes_on(render_invoice(an_invoice())) == [URL]


def test_nothing_asks_for_money_when_nothing_is_due() -> None:
    paid = render_invoice(an_invoice(amount_due=kes(0), pay=None))
    assert codes_on(paid) == []
    assert "Pay by M-Pesa" not in text_of(paid)


def test_without_a_paybill_the_link_alone_is_shown() -> None:
    pdf = render_invoice(an_invoice(pay=HowToPay(URL)))
    assert "Paybill" not in text_of(pdf)
    assert codes_on(pdf) == [URL]


def test_the_same_invoice_is_the_same_bytes_also_when_others_are_drawn_beside_it() -> None:
    document = an_invoice(brand=WITH_LOGO)
    alone = render_invoice(document)
    drawn: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: drawn.extend(render_invoice(document) for _ in range(5)))
        for _ in range(3)
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(drawn) == 15
    assert set(drawn) == {alone}


def test_the_file_says_what_it_is_and_from_whom() -> None:
    facts = facts_of(render_invoice(an_invoice()))
    assert (facts["Title"], facts["Author"]) == ("Invoice INV-2026-00042", "Rift Valley Net")


def test_many_charges_go_on_over_pages_under_the_same_heads() -> None:
    lines = tuple(ChargedLine(f"Charge {number}", kes(100), kes(16), PERIOD) for number in range(60))
    pages = pages_of(render_invoice(an_invoice(lines=lines)))
    assert len(pages) == 4
    assert all("DESCRIPTION" in page and "NET, KES" in page for page in pages)
    assert [f"Page {number} of 4" in page for number, page in enumerate(pages, 1)] == [True] * 4
    numbers = [int(found) for found in re.findall(r"Charge (\d+)", "\n".join(pages))]
    assert numbers == list(range(60))
    assert "Amount due" in pages[-1]


def test_a_long_name_is_wrapped_and_whole() -> None:
    name = "Kiambu Community Water and Sanitation Cooperative Society Limited of the Lower Highlands"
    text = text_of(render_invoice(an_invoice(payer=Payer(name, "BFX000014"))))
    assert name in " ".join(text.split())


def test_a_word_without_end_stays_on_the_paper() -> None:
    pdf = render_invoice(an_invoice(lines=(ChargedLine("W" * 200, kes(100), kes(16)),)))
    assert text_of(pdf).count("W") >= 200


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=60))
@example("<b>Amina</b> & Söns <script>alert(1)</script>")
@example("Łukasz Ñandú Ẹ̀kọ́ Ελένη Анна Đặng Văn Hùng ₦ €")
@example("a\x00b\x1b[31m\u202ec\ufeff\ud800")
@example("王小明 أمينة 😀")
def test_any_name_is_printed_and_can_be_copied(name: str) -> None:
    pdf = render_invoice(an_invoice(payer=Payer(name, "BFX000014"), brand=Brand(name or "x")))
    shown = "".join(clean(name).split())
    assert shown in "".join(text_of(pdf).split()) or not shown
    assert "BFX000014" in text_of(pdf)


def test_what_no_font_has_is_seen_as_a_box() -> None:
    assert clean("王 A\x00") == f"{UNKNOWN} A{UNKNOWN}"
    assert clean("two\nlines\tand  gaps") == "two lines and gaps"
    assert clean("e\u0301") == "é"


@pytest.mark.parametrize("accent", ["#ffffff", "#ffee00", "#000000", "#3e57da"])
def test_every_brand_colour_gives_a_document(accent: str) -> None:
    assert "Invoice" in text_of(render_invoice(an_invoice(brand=Brand("Net", accent))))


def test_a_logo_stands_in_the_place_of_the_large_name() -> None:
    pdf = render_invoice(an_invoice(brand=WITH_LOGO))
    assert b"/DCTDecode" in pdf
