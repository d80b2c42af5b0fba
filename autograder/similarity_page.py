"""The page of `autograder similarity`, with the most similar pairs side by side, and its pairs.csv."""

import csv
import io

from autograder.errors import Refusal
from autograder.reports.pages import environment
from autograder.texts import csv_cell

SHOWN = 30  # pairs side by side


def write_similarity(folder, name, comparison, left_out):
    """Write index.html and pairs.csv into a folder, which is made. Raises Refusal.

    name: of the assignment. comparison: a similarity.Comparison. left_out: (student, why not) of read_class.
    """
    pairs = comparison.pairs()
    names = [document.student for document in comparison.documents]
    shown = [
        {
            "first": names[pair.first],
            "second": names[pair.second],
            "similarity": pair.similarity,
            "of_first": pair.of_first,
            "of_second": pair.of_second,
            "texts": list(zip((names[pair.first], names[pair.second]), comparison.matches(pair))),
        }
        for pair in pairs[:SHOWN]
    ]
    page = environment().get_template("similarity.html")
    html = page.render(
        assignment=name,
        count=len(names),
        pairs=shown,
        listed=len(pairs),
        typical=comparison.typical,
        left_out=left_out,
        percent=_percent,
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(html, encoding="utf-8")
        (folder / "pairs.csv").write_text(_table(names, pairs), encoding="utf-8", newline="")
    except OSError as error:
        raise Refusal(f"{folder} can't be written: {error.strerror}.") from None


def _table(names, pairs):
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["first", "second", "similarity", "of_first", "of_second"])
    for pair in pairs:
        who = csv_cell(names[pair.first]), csv_cell(names[pair.second])
        table.writerow([*who, *(f"{part:.4f}" for part in (pair.similarity, pair.of_first, pair.of_second))])
    return text.getvalue()


def _percent(part):
    return f"{100 * part:.0f} %"
