# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Parts of a page that needs no other file."""
import base64
import io
from html import escape
from typing import List, Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure

STYLE = """
:root { color-scheme: light dark; --text: #222; --quiet: #595959;
  --line: #8a8a8a; --band: #f2f2f2; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e4e4;
  --quiet: #a8a8a8; --line: #767676; --band: #2a2a2a; --page: #1c1c1c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text);
  background: var(--page); margin: 2em auto; max-width: 75em;
  padding: 0 1em; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; margin-bottom: 0; }
h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
th, td { text-align: right; padding: .15em .7em; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
tbody tr:nth-child(even) { background: var(--band); }
tr.all td { border-top: 1px solid var(--line); font-weight: bold; }
.scroll { overflow-x: auto; }
.grid { display: flex; flex-wrap: wrap; gap: 1em; align-items: flex-start; }
.big { display: flex; flex-wrap: wrap; gap: .7em 2.5em; margin: 1em 0; }
.big b { display: block; font-size: 1.7em; line-height: 1.2; }
figure { margin: 0; }
figcaption { font-size: .87em; }
img { max-width: 100%; display: block; }
p, li { max-width: 50em; }
.quiet { color: var(--quiet); }
@media (max-width: 40em) { body { margin: 1em auto; }
  table { font-size: .87em; } th, td { padding: .1em .35em; } }
"""


def document(title: str, body: Sequence[str]) -> str:
    """A whole page, with its style and nothing from elsewhere."""
    return '\n'.join([
        '<!DOCTYPE html>', '<html lang="en">', '<head>',
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{escape(title)}</title>', f'<style>{STYLE}</style>',
        '</head>', '<body>', *body, '</body>', '</html>', ''])


def table(heading: Sequence[str], rows: Sequence[Sequence[str]],
          with_sum: bool = False) -> str:
    """Rows of texts; the last one stands out if it is the sum."""
    lines = ['<div class="scroll"><table>', '<thead><tr>' + ''.join(
        f'<th>{escape(cell)}</th>' for cell in heading) + '</tr></thead>',
        '<tbody>']
    for index, row in enumerate(rows):
        kind = ' class="all"' if with_sum and index == len(rows) - 1 else ''
        lines.append(f'<tr{kind}>' + ''.join(
            f'<td>{escape(cell)}</td>' for cell in row) + '</tr>')
    return '\n'.join([*lines, '</tbody></table></div>'])


def facts(pairs: Sequence[tuple]) -> str:
    """Large numbers, each above what it is."""
    return '<div class="big">' + ''.join(
        f'<div><b>{escape(number)}</b>{escape(name)}</div>'
        for name, number in pairs) + '</div>'


def paragraph(text: str) -> str:
    return f'<p>{escape(text)}</p>'


def heading(text: str) -> str:
    return f'<h2>{escape(text)}</h2>'


def grid(figures: List[str]) -> str:
    return '\n'.join(['<div class="grid">', *figures, '</div>'])


def photo(picture: np.ndarray, lines: Sequence[str]) -> str:
    """A picture, shape (h, w, 3), BGR, with lines below it."""
    _, data = cv2.imencode('.jpg', picture,
                           [cv2.IMWRITE_JPEG_QUALITY, 88])
    width = picture.shape[1]
    return (f'<figure style="width: {width}px; max-width: 100%">'
            f'{image("jpeg", data.tobytes(), lines[0])}<figcaption>'
            + '<br>'.join(escape(line) for line in lines)
            + '</figcaption></figure>')


def plot(figure: Figure, text: str) -> str:
    """A drawn figure; ``text`` is for those who cannot see it."""
    file = io.BytesIO()
    figure.savefig(file, format='png', dpi=110)
    return f'<figure>{image("png", file.getvalue(), text)}</figure>'


def image(kind: str, data: bytes, text: str) -> str:
    """An image whose bytes are in the page."""
    code = base64.b64encode(data).decode('ascii')
    return (f'<img alt="{escape(text)}" '
            f'src="data:image/{kind};base64,{code}">')
