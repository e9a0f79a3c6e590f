"""`learn`: what clues are worth, from labelled texts.

A multinomial logistic regression over the features of `understanding/weights.py`. Many texts have
several acceptable labels: each pass shares a text out among its own as the pass before found them
likely. Nothing in it is left to chance, so that the same texts give the same weights.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Final

import click

from bot.cli.evaluate import SAME as SAME_LABEL
from bot.cli.evaluate import table
from bot.clue_files import WEIGHTS
from bot.config import Config
from bot.library import MENU, audience_of
from bot.line import Line
from bot.making import make_line
from bot.understanding.clues import read
from bot.understanding.intent import Known
from bot.understanding.weights import LANGUAGE, OTHER, SAME, features

PASSES: Final = 3
RAREST: Final = 3
"""Texts that a feature must occur in."""
STRENGTH: Final = 2.0
"""How far weights may go (scikit-learn's C), chosen on the measuring part of tests/texts."""
LEAST: Final = 0.1
"""Weights nearer to nothing are left out."""
FEWEST: Final = 0.02
"""The share below which a label of a text counts as none of it."""

Shares = list[dict[str, float]]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--part", default="build", show_default=True, help="Only rows of this part.")
@click.pass_obj
def learn(config: Config, files: tuple[Path, ...], part: str) -> None:
    """Learn from the texts of FILES what clues are worth, and write messages/weights.json.

    A file is a table as `evaluate` takes it. Needs `pip install 'answerline[learn]'`.
    """
    rows = [row for path in files for row in table(path) if row.get("part") == part]
    if not rows:
        raise click.ClickException(f"no row of FILES has {part!r} in its column part")
    weights = learned(rows, make_line(config))
    path = config.content / WEIGHTS
    lines = ",\n".join(
        f" {json.dumps(feature, ensure_ascii=False)}: {json.dumps(row)}"
        for feature, row in weights.items()
    )
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    click.echo(f"{len(rows)} texts, {len(weights)} features: {path}")


def learned(rows: list[dict[str, str]], line: Line) -> dict[str, dict[str, float]]:
    """Give the weights by feature and label that labelled texts teach."""
    examples = [(_features(row, line), _labels(row)) for row in rows]
    seen = Counter(one for found, _ in examples for one in set(found))
    kept = sorted(one for one, count in seen.items() if count >= RAREST)
    shares = [dict.fromkeys(labels, 1 / len(labels)) for _, labels in examples]
    weights: dict[str, dict[str, float]] = {}
    for _ in range(PASSES):
        weights, chances = _fitted([found for found, _ in examples], kept, shares)
        shares = [
            _shared(chance, labels) for chance, (_, labels) in zip(chances, examples, strict=True)
        ]
    return weights


def _features(row: dict[str, str], line: Line) -> list[str]:
    context = row.get("context") or ""
    shown = context if audience_of(context) else ""
    words = line.vocabulary
    reading = read(row["text"], words.lexicon, words.writing.read(row["text"]).languages)
    return features(reading, Known("", audience_of(context), shown))


def _labels(row: dict[str, str]) -> list[str]:
    """Give a text's labels, and those that stand for the answer shown before it."""
    shown, found = row.get("context") or "", set()
    for told in row["labels"].replace(" ", "").split(","):
        label = LANGUAGE if told.startswith("language:") else SAME_LABEL.get(told, told)
        found.add(label)
        if audience_of(label) and audience_of(shown):
            same_topic = label.partition(".")[2] == shown.partition(".")[2]
            found |= {SAME} if label == shown else {OTHER} if same_topic else set()
    if MENU in found and any(map(audience_of, found)):
        return [MENU]  # which treatments there are: the list shows them all
    return sorted(found)


def _shared(chances: dict[str, float], labels: list[str]) -> dict[str, float]:
    whole = sum(chances[label] for label in labels) or 1.0
    return {label: chances[label] / whole for label in labels}


def _fitted(
    examples: list[list[str]], kept: list[str], shares: Shares
) -> tuple[dict[str, dict[str, float]], Shares]:
    """Fit once; give the weights, and the chances of every label of each example."""
    try:
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - only this command needs them
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    except ImportError as error:
        raise click.ClickException(f"{error}: pip install 'answerline[learn]'") from error
    place = {feature: n for n, feature in enumerate(kept)}
    cells = [
        (n, place[one])
        for n, found in enumerate(examples)
        for one in sorted(set(found))
        if one in place
    ]
    matrix = csr_matrix(
        ([1.0] * len(cells), tuple(zip(*cells, strict=True))), shape=(len(examples), len(kept))
    )
    taught = [
        (n, label, share)
        for n, one in enumerate(shares)
        for label, share in one.items()
        if share >= FEWEST
    ]
    model = LogisticRegression(C=STRENGTH, max_iter=300, fit_intercept=False)
    model.fit(
        matrix[[n for n, _, _ in taught]],
        [label for _, label, _ in taught],
        sample_weight=[share for _, _, share in taught],
    )
    labels = [str(one) for one in model.classes_]
    weights = {}
    for n, feature in enumerate(kept):
        row = {
            label: round(float(model.coef_[k, n]), 1)
            for k, label in enumerate(labels)
            if abs(model.coef_[k, n]) >= LEAST
        }
        if row:
            weights[feature] = row
    chances = [
        dict(zip(labels, map(float, row), strict=True)) for row in model.predict_proba(matrix)
    ]
    return weights, chances
