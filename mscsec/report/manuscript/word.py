"""What python-docx has no method for, in WordprocessingML (ECMA-376, part 1): one small function each."""

from __future__ import annotations

from typing import Any

TABLE = "Mscsec Table"
NOTE = "Table Note"
TEXT = "Table Text"
FONT = "Times New Roman"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"


def element(name: str, **attributes: str) -> Any:
    """An element such as `w:tblHeader`; attributes are in the namespace of WordprocessingML."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def prepare(made: Any) -> None:
    """Type, sizes and spacing of a manuscript, the style of its tables, and its language."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    _type(made.styles["Normal"], 11, after=6, line=1.15)
    _type(made.styles["Title"], 17, after=14, bold=True)
    for border in made.styles["Title"].element.xpath("./w:pPr/w:pBdr"):
        border.getparent().remove(border)
    for level, size in ((1, 14), (2, 12), (3, 11)):
        _type(made.styles[f"Heading {level}"], size, before=14 if level == 1 else 10, after=4, bold=True)
        made.styles[f"Heading {level}"].font.italic = level == 3
    _type(made.styles["Caption"], 10, before=8, after=4)
    made.styles["Caption"].font.bold = False
    for name in ("List Bullet", "List Number"):
        _type(made.styles[name], 11, after=3, line=1.15)
    for name, after in ((TEXT, 0), (NOTE, 2)):
        style = made.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = made.styles["Normal"]
        _type(style, 8.5, after=after)
        style.paragraph_format.space_before = Pt(2 if name == NOTE else 0)
    made.styles.element.append(_table_style())
    _language(made, "en-GB")


def _type(style: Any, size: float, before: float = 0, after: float = 0, line: float = 1.0, bold: bool = False) -> None:
    """Font, size in points and spacing of a style, in black."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    font = style.font
    font.name, font.size, font.color.rgb = FONT, Pt(size), RGBColor(0, 0, 0)
    font.bold = bold or None
    fonts = style.element.rPr.rFonts
    for key in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{key}"), None)
    for key in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{key}"), FONT)
    form = style.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), line


def _table_style() -> Any:
    """Three rules, as journals set a table: above and below the head, and at the foot."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    return parse_xml(
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="MscsecTable"><w:name w:val="{TABLE}"/>'
        '<w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/><w:tblPr><w:tblBorders>'
        '<w:top w:val="single" w:sz="8" w:space="0" w:color="000000"/><w:bottom w:val="single" w:sz="8" w:space="0" w:color="000000"/>'
        "</w:tblBorders>"
        '<w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="80" w:type="dxa"/><w:bottom w:w="30" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar>'
        '</w:tblPr><w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr><w:tcBorders>'
        '<w:bottom w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tcBorders></w:tcPr></w:tblStylePr></w:style>'
    )


def _language(made: Any, tag: str) -> None:
    from docx.oxml.ns import qn

    for found in made.styles.element.iter(qn("w:lang")):
        found.set(qn("w:val"), tag)


def page(section: Any, width: float, height: float, margin: float) -> None:
    """Paper and margins of a section, in cm."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm

    section.orientation = WD_ORIENT.LANDSCAPE if width > height else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Cm(width), Cm(height)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(margin)


def page_numbers(section: Any) -> None:
    """The number of the page in the middle of its foot; later sections take it over."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    line = section.footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _field(line, "PAGE", "1")


def sequence(line: Any, kind: str, number: int) -> None:
    """The number of a table or a picture as a field, so that Word lists and cross-references it."""
    _field(line, f"SEQ {kind} \\* ARABIC", str(number), bold=True)


def _field(line: Any, code: str, shown: str, bold: bool = False) -> None:
    """A field with its present value (ECMA-376 17.16)."""
    from docx.oxml.ns import qn

    for kind in ("begin", code, "separate", shown, "end"):
        run = line.add_run()
        run.bold = bold or None
        if kind in ("begin", "separate", "end"):
            run._r.append(element("w:fldChar", fldCharType=kind))
        elif kind == code:
            instruction = element("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {code} "
            run._r.append(instruction)
        else:
            run.text = shown


def link(line: Any, text: str, address: str) -> Any:
    """A run that leads to an address outside of the document."""
    from docx.oxml.ns import qn
    from docx.text.run import Run

    made = element("w:hyperlink")
    made.set(qn("r:id"), relation(line.part, address))
    run = element("w:r")
    made.append(run)
    line._p.append(made)
    found = Run(run, line)
    found.text = text
    return found


def relation(part: Any, address: str) -> str:
    """The id of the relation from a part of the document to an address outside of it."""
    return str(part.relate_to(address, _LINK, is_external=True))


def style_id(name: str) -> str:
    """The id of one of the styles of a manuscript: its name without spaces, as Word makes them."""
    return name.replace(" ", "")


def paragraph(made: Any, style: str) -> Any:
    """An empty paragraph at the end, its style given by id; by name, every style would be looked through each time."""
    line = made.add_paragraph()
    line._p.get_or_add_pPr().style = style_id(style)
    return line


def own_numbers(made: Any) -> int:
    """A numbering of its own in the form of the style, so that a list counts from one (ECMA-376 17.9); its id."""
    from docx.oxml.ns import qn

    style = made.styles["List Number"].element.xpath("./w:pPr/w:numPr/w:numId")[0].get(qn("w:val"))
    numbering = made.part.numbering_part.element
    old = next(num for num in numbering.findall(qn("w:num")) if num.get(qn("w:numId")) == style)
    fresh = numbering.add_num(int(old.find(qn("w:abstractNumId")).get(qn("w:val"))))
    fresh.add_lvlOverride(ilvl=0).add_startOverride(1)
    return int(fresh.numId)


def count_by(line: Any, numbers: int) -> None:
    """Numbers a line of a list by a numbering of its own."""
    properties = line._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = numbers


def describe_table(grid: Any, words: str) -> None:
    """The table's name for screen readers, and that its first row is a head."""
    from docx.oxml.ns import qn

    properties = grid._tbl.tblPr
    properties.append(element("w:tblCaption", val=words[:255]))
    for look in properties.findall(qn("w:tblLook")):
        for key in list(look.attrib):
            del look.attrib[key]
        for key, value in {"val": "0020", "firstRow": "1", "lastRow": "0", "firstColumn": "0", "lastColumn": "0", "noHBand": "1", "noVBand": "1"}.items():  # fmt: skip
            look.set(qn(f"w:{key}"), value)


def column_widths(grid: Any, widths: list[float]) -> None:
    """Widths in cm that stay as they are."""
    from docx.shared import Cm

    grid.autofit = False
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Cm(width)


def twips(width: float) -> int:
    """A width in cm in twentieths of a point."""
    from docx.shared import Cm

    return int(Cm(width).twips)


def describe_picture(drawn: Any, title: str, words: str) -> None:
    """Name and text alternative of a picture."""
    properties = drawn._inline.docPr
    properties.set("title", title)
    properties.set("descr", words)


def end_of_table(line: Any) -> None:
    """The last line under a table keeps a distance to what follows."""
    from docx.shared import Pt

    line.paragraph_format.space_after = Pt(10)


def pixels(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its head (PNG 11.2.2)."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
