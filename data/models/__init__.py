"""One import path per table; nothing here."""
