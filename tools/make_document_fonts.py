"""Cut the fonts that documents embed out of Inter. Run once per release of Inter; the product never needs it.

python -m tools.make_document_fonts FOLDER, where FOLDER is `package/web` of the npm package inter-ui. It needs
fonttools and brotli, which nothing else here does, so they are not among the requirements.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

_TARGET = Path(__file__).parents[1] / "benfex" / "documents" / "fonts"
_WEIGHTS = ("Inter-Regular", "Inter-SemiBold")
# Latin with all its extensions, IPA, modifiers and marks, Greek, Cyrillic, Vietnamese, punctuation, super- and
# subscripts, currencies, letterlike signs, arrows, a few signs of arithmetic, shapes and ticks, and U+FFFD.
_RANGES = (
    (0x20, 0x7E), (0xA0, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1EFF), (0x2000, 0x209F),
    (0x20A0, 0x20C0), (0x2100, 0x214F), (0x2190, 0x2193), (0x2212, 0x2212), (0x2248, 0x2248),
    (0x2260, 0x2265), (0x25A0, 0x25A1), (0x25CF, 0x25CF), (0x2713, 0x2717), (0xFFFD, 0xFFFD),
)  # fmt: skip
_DIGITS = {
    "zero": "zero.tf", "one": "one.tf", "two": "two.tf", "three": "three.tf", "four": "four.tf",
    "five": "five.tf", "six": "six.tf", "seven": "seven.tf", "eight": "eight.tf", "nine": "nine.tf",
}  # fmt: skip


def main() -> None:
    """Write one TrueType file per weight, with figures of one width and without hints or features."""
    source = Path(sys.argv[1])
    for weight in _WEIGHTS:
        font = TTFont(source / f"{weight}.woff2")
        font.flavor = None
        for table in font["cmap"].tables:
            # Columns of money need figures of one width, and a PDF writer knows no font features.
            table.cmap = {code: _DIGITS.get(name, name) for code, name in table.cmap.items()}
        options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, glyph_names=False)
        options.drop_tables += ["GPOS", "GSUB", "GDEF"]
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=[code for first, last in _RANGES for code in range(first, last + 1)])
        cutter.subset(font)
        target = _TARGET / f"{weight}.ttf"
        subset.save_font(font, target, options)
        sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
