"""Write draws.svg, the picture of docs/draws.md: how one element of one weight is made.  python docs/images/draws.py"""

from __future__ import annotations

from html import escape
from pathlib import Path

BOXES = [  # x, y, width, lines
    (10, 20, 190, ["seed, name, role", "BLAKE2b, 128 bits"]),
    (10, 130, 190, ["element index i", "block i div 4, word i mod 4"]),
    (260, 75, 170, ["Philox4x32-10", "4 words of 32 bits"]),
    (490, 20, 210, ["normal: sign, 31-bit tail", "table + cubic, integers only"]),
    (490, 130, 210, ["uniform: upper 24 bits", "odd integer 2k + 1 - 2^24"]),
    (760, 75, 150, ["weight", "float(integer) x scale"]),
]
ARROWS = [(200, 48, 260, 92), (200, 158, 260, 114), (430, 92, 490, 48), (430, 114, 490, 158), (700, 48, 760, 92),
          (700, 158, 760, 114)]  # fmt: skip
LABELS = [(231, 52, "key, c2, c3"), (231, 162, "c0, c1")]


def picture() -> str:
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 205" font-family="sans-serif" font-size="13">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
        '<rect width="920" height="205" fill="white"/>',
    ]
    for x, y, width, (head, detail) in BOXES:
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="56" rx="6" fill="#eef3fb" stroke="#4c78a8"/>')
        for text, dy, weight in ((head, 23, "bold"), (detail, 43, "normal")):
            middle = x + width // 2
            parts.append(
                f'<text x="{middle}" y="{y + dy}" text-anchor="middle" font-weight="{weight}" fill="#222">'
                f"{escape(text)}</text>"
            )
    parts += [
        f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke="#555" marker-end="url(#tip)"/>' for a, b, c, d in ARROWS
    ]
    parts += [f'<text x="{x}" y="{y}" font-size="11" fill="#555">{escape(text)}</text>' for x, y, text in LABELS]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_name("draws.svg").write_text(picture())
