"""The table of faults as a page: a row a fault, a column a client on an endpoint; a cell what came of it."""

import html
from pathlib import Path

from tests.faults.cells import PAIRS, Cell, Pair
from tests.faults.rows import Row

PAGE = Path(__file__).parents[2] / "out" / "faults.html"

_HEAD = """<!doctype html><meta charset=utf-8><title>What goes wrong, and what clients are told</title>
<style>
body { font: 14px system-ui; margin: 2em } table { border-collapse: collapse }
th, td { text-align: left; font-weight: 400; padding: .2em .5em; border: 1px solid #ddd; white-space: nowrap }
thead th { writing-mode: vertical-rl; transform: rotate(180deg) } small { color: #666 }
.answer { background: #d7f0dc } .told { background: #fdf3d0 } .wrong { background: #f7a6a6 }
</style>
<h1>What goes wrong, and what clients are told</h1>
<p>Each cell: an answer, or an error with its status (“in stream” once the answer had begun) and its type in the client's own
dialect; seconds until it was over; how often the request was sent again.</p>
"""


def write(cells: dict[tuple[Row, Pair], Cell]) -> None:
    """Draws what was found."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(_HEAD + _table(cells), "utf-8")


def _table(cells: dict[tuple[Row, Pair], Cell]) -> str:
    head = "".join(f"<th>{html.escape(str(pair))}</th>" for pair in PAIRS)
    rows = dict.fromkeys(row for row, _ in cells)
    body = "".join(
        f"<tr><th>{html.escape(row.name)}</th>{''.join(_drawn(cells.get((row, pair))) for pair in PAIRS)}</tr>" for row in rows
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _drawn(cell: Cell | None) -> str:
    if cell is None:
        return "<td></td>"
    kind = "wrong" if cell.wrong else "answer" if cell.verdict and cell.verdict.told else "told"
    why = cell.wrong or (cell.verdict.message if cell.verdict else "")
    note = f"{cell.seconds:.1f} s, {cell.resent}x"
    return f'<td class="{kind}" title="{html.escape(why[:500])}">{html.escape(cell.text)} <small>{note}</small></td>'
