"""The ISP on paper: address, tax number and logo beside its name and colour, and saving them."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.policy import isp_profile
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.documents.sheet import Brand
from data.models.policy import IspLetterhead
from data.queries import documents as document_queries
from data.values.errors import Conflict, InvalidInput
from data.values.roles import Permission

LOGO_BYTES_MAX: Final = 2_000_000
_LOGO_PIXELS_MAX: Final = 16_000_000
_LOGO_BOX: Final = (760, 184)  # four times the space on paper, so that print is sharp
_JPEG_QUALITY: Final = 92


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What of the ISP stands on documents besides its name and colour."""

    address: str = ""
    email: str = ""
    website: str = ""
    tax_number: str = ""
    logo: bytes | None = None


def letterhead(snapshot: Snapshot) -> Letterhead:
    """Return the letterhead in force; an empty one before it was written. Anyone may read it."""
    row = document_queries.newest_letterhead(snapshot.session)
    if row is None:
        return Letterhead()
    return Letterhead(row.address, row.email, row.website, row.tax_number, row.logo)


def brand(snapshot: Snapshot) -> Brand:
    """Return the ISP as documents show it. Raises Conflict before the first run is finished."""
    profile, paper = isp_profile(snapshot), letterhead(snapshot)
    if profile is None:
        raise Conflict("The ISP's profile is not set up yet. Open the first-run page.")
    reach = " · ".join(part for part in (profile.support_phone, paper.email) if part)
    return Brand(
        name=profile.name,
        accent=profile.accent,
        lines=tuple(line for line in (paper.address, reach, paper.website) if line),
        tax_number=paper.tax_number,
        logo=paper.logo,
    )


def save_letterhead(uow: UnitOfWork, *, address: str, email: str, website: str, tax_number: str) -> None:
    """Write a new version of the letterhead; the logo stays. Raises InvalidInput naming the field."""
    require(uow.actor, Permission.EDIT_PROFILE)
    texts = {"address": address, "email": email, "website": website, "tax_number": tax_number}
    longest = {"address": 200, "email": 254, "website": 120, "tax_number": 40}
    for field, text in texts.items():
        if len(text.strip()) > longest[field]:
            raise InvalidInput(field, f"Use at most {longest[field]} characters.")
    if email.strip() and "@" not in email:
        raise InvalidInput("email", "Write the e-mail address like billing@example.com.")
    _save(uow, logo=letterhead(uow).logo, **{field: " ".join(text.split()) for field, text in texts.items()})


def save_logo(uow: UnitOfWork, *, picture: bytes | None) -> None:
    """Put another picture at the head of documents, or none. Raises InvalidInput for what is no small picture."""
    require(uow.actor, Permission.EDIT_PROFILE)
    now = letterhead(uow)
    _save(
        uow,
        logo=as_logo(picture) if picture is not None else None,
        address=now.address,
        email=now.email,
        website=now.website,
        tax_number=now.tax_number,
    )


def as_logo(picture: bytes) -> bytes:
    """Return a PNG or JPEG as documents embed it: on white, no larger than they show it, and a JPEG.

    Raises InvalidInput when it is no such picture, or a huge one.
    """
    if len(picture) > LOGO_BYTES_MAX:
        raise InvalidInput("logo", "The picture is larger than 2 MB. Use a smaller one.")
    try:
        opened = Image.open(BytesIO(picture), formats=("PNG", "JPEG"))
        if opened.width * opened.height > _LOGO_PIXELS_MAX:
            raise InvalidInput("logo", "The picture has too many pixels. Use one of at most 4000 by 4000.")
        drawn = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as cause:
        raise InvalidInput("logo", "This is not a PNG or JPEG picture.") from cause
    drawn.thumbnail(_LOGO_BOX, Image.Resampling.LANCZOS)
    ground = Image.new("RGB", drawn.size, "white")
    ground.paste(drawn, mask=drawn.getchannel("A"))
    written = BytesIO()
    ground.save(written, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
    return written.getvalue()


def _save(
    uow: UnitOfWork, *, address: str, email: str, website: str, tax_number: str, logo: bytes | None
) -> None:
    before = document_queries.newest_letterhead(uow.session)
    row = IspLetterhead(
        version=before.version + 1 if before else 1,
        address=address,
        email=email,
        website=website,
        tax_number=tax_number,
        logo=logo,
        saved_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="save", entity="isp_letterhead", entity_id=row.id)
