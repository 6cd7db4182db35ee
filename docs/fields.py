"""Writes docs/fields.md: every field of a study record and of the protocol, from the models themselves.

python docs/fields.py            # writes the page
python docs/fields.py --check    # exit 1 where it is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

from mscsec.records.fields import ROOTS, sections

PAGE = Path(__file__).parent / "fields.md"


def main(check: bool) -> int:
    """Writes or checks the page."""
    text = page()
    if check:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        print(
            "docs/fields.md is up to date"
            if current == text
            else "docs/fields.md is not up to date: run python docs/fields.py"
        )
        return int(current != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page: one section a model, in the order in which a reader meets them."""
    parts = [
        "# Fields\n\nEvery key of the two kinds of file, generated from the models by `docs/fields.py`. Where a number stands, "
        "`{value: 10, assumed: why}` or `{value: 10, source: {where: ...}}` may stand too. `null` is the same as leaving a key out.\n"
    ]
    for title, root in zip(("Study record", "Protocol (review.yaml)"), ROOTS.values(), strict=True):
        parts.append(f"\n# {title}\n")
        for section in sections(root, lambda name: f"[{name}](#{name.lower()})", lambda word: f"`{word}`"):
            parts.append(f"\n## {section.name}\n\n{section.text}\n\n| key | value | required |\n| --- | --- | --- |\n")
            for row in section.rows:
                value = row.value.replace("|", "\\|")
                parts.append(f"| `{row.key}` | {value} | {'yes' if row.required else ''} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
