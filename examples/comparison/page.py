"""An HTML page in one file: headings, tables, plots and embedded pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape

from danpredict.files.pictures import encode_picture

from .drawing import Image

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #fff; --line: #d0d0d5; --soft: #f3f3f6;
  --link: #0060a0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --paper: #17181b; --line: #3c3d42;
  --soft: #232428; --link: #6cb6f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
nav a { color: var(--link); margin-right: 1rem; white-space: nowrap; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; min-width: 4.5rem; text-align: left;
  vertical-align: top; border-bottom: 1px solid var(--line); }
.grid { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.faces, .row { display: grid; gap: .5rem; }
.faces { --side: 15rem; grid-template-columns:
  repeat(auto-fill, minmax(min(100%, calc(var(--number) * var(--side))), 1fr)); }
.large { --side: 24rem; }
.row { grid-template-columns: repeat(var(--number), 1fr); }
figure { margin: 0; } figcaption { font-size: .85rem; overflow-wrap: anywhere; }
img { width: 100%; height: auto; display: block; border-radius: 6px; background: #fff; }
pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft);
  padding: .8rem; border-radius: 6px; font-size: .85rem; }
summary { cursor: pointer; color: var(--link); margin: .5rem 0; }
"""


def paragraph(words: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(words)}</p>"


def details(title: str, html: str) -> str:
    """A section that opens with a click."""
    return f"<details><summary>{escape(title)}</summary>{html}</details>"


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain text; empty if there are no rows."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heading)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _figure(kind: str, data: bytes, alt: str) -> str:
    uri = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    words = escape(alt, quote=True)
    return f'<figure><img src="{uri}" alt="{words}"><figcaption>{words}</figcaption></figure>'


def plot(alt: str, draw: Callable[..., None], *arguments: object) -> str:
    """A vector graphic of what ``draw`` draws on axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.8), layout="constrained")
    draw(figure.subplots(), *arguments)
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return _figure("svg+xml", file.getvalue(), alt)


def gallery(rows: Sequence[Sequence[tuple[str, Image]]], *, large: bool = False) -> str:
    """RGB pictures with titles, in rows that stay together."""
    number = max(map(len, rows), default=1)
    inside = ""
    for row in rows:
        figures = [_figure("jpeg", encode_picture(tile, ".jpg"), title) for title, tile in row]
        inside += f'<div class="row">{"".join(figures)}</div>'
    kind = "faces large" if large else "faces"
    return f'<div class="{kind}" style="--number: {number}">{inside}</div>'


class Page:
    """A page that grows from top to bottom. `flush_plots` adds the collected ``plots``."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.plots: list[str] = []
        self._sections: list[str] = []
        self._parts: list[str] = []

    def heading(self, words: str) -> None:
        """Start a section."""
        number = len(self._sections)
        self._sections.append(words)
        self._parts.append(f'<h2 id="s{number}">{escape(words)}</h2>')

    def add(self, html: str) -> None:
        """Add HTML made by one of the functions above."""
        self._parts.append(html)

    def flush_plots(self) -> None:
        """Add the collected plots side by side."""
        self._parts.append(f'<div class="grid">{"".join(self.plots)}</div>')
        self.plots = []

    @staticmethod
    def text(words: str) -> str:
        """Text that keeps its line breaks."""
        return f"<pre>{escape(words)}</pre>"

    def html(self) -> str:
        """The whole page."""
        links = " ".join(f'<a href="#s{i}">{escape(w)}</a>' for i, w in enumerate(self._sections))
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head><body>"
            f"<h1>{escape(self.title)}</h1><nav>{links}</nav>{''.join(self._parts)}</body></html>"
        )
