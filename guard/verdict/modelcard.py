"""What is told of a model: the tables of card.toml, the page card.md, the whole report. Pure."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np
from msgspec.structs import asdict

from guard.verdict import report
from guard.verdict.card import Table
from guard.verdict.corpus import LABELS, Example
from guard.verdict.crisis import crisis_signs
from guard.verdict.evaluation import Evaluation, evaluate, outcomes
from guard.verdict.page import Known, Step, page
from guard.verdict.training import Trained
from guard.verdict.trial import Trial


def left_out(trained: Trained) -> Evaluation:
    """Return the figures for writers that were left out in turn (whole batches at a time)."""
    signs = [crisis_signs(text) for text in trained.prepared.texts]
    return evaluate(
        outcomes(
            trained.prepared.label,
            trained.left_out,
            np.array(["mixed" in one.tags for one in trained.prepared.examples]),
            trained.cutoffs,
            np.array([any(one.strength == "strong" for one in found) for found in signs]),
            np.array([bool(found) for found in signs]),
        )
    )


def tables(
    digest: str, trained: Trained, test: Trial, facts: Mapping[str, str | int]
) -> dict[str, Table]:
    """Return the tables of card.toml."""
    return {
        "": {"sha256": digest, "scikit-learn": version("scikit-learn")},
        "made_from": {
            "mails": len(trained.prepared.texts),
            "features": len(trained.arrays.names),
            **facts,
        },
        "cutoffs": {key: float(value) for key, value in asdict(trained.cutoffs).items()},
        "left_out_writers": report.figures(left_out(trained)),
        "frozen_test": report.figures(test.evaluation, test.evidence),
    }


def markdown(trained: Trained, test: Trial, facts: Mapping[str, str | int]) -> str:
    """Return the page card.md."""
    inside, frozen = left_out(trained), test.evaluation
    return f"""\
# The shipped model

Unlike linear models on words, pairs of words, parts of words and hand-written themes, of the
whole mail and of each sentence, and one stage that weighs what they say; see
`guard/verdict/scorer.py`. Made by
`guard train --into models` from {len(trained.prepared.texts)} mails, {facts["writers"]} writers,
{facts["batches"]} batches (`data/corpus`, how it was made: `data/SOURCES.md`);
{len(trained.arrays.names)} features. Every figure comes with its 95 % interval and its count.

- **left-out writers**: whole batches are left out in turn; other writers, other scenarios.
  The cut-offs are chosen on these.
- **frozen test**: batches that nothing was chosen on.

Both are hard on purpose: at least half of the mails were written to be mistaken. A practice's
inbox is kinder in its mix and unkinder in what nobody thought of.

{report.shares({"left-out writers": inside, "frozen test": frozen})}

Evidence: in true flags of the frozen test the first sentence shown is a marked one in
{test.evidence}.

## Cut-offs

{report.cutoffs(trained.cutoffs)}

## Confusion matrix, left-out writers (cross-validated)

Rows: what it is. Columns: what was most probable.

{report.confusion(inside)}

## Confusion matrix, frozen test

{report.confusion(frozen)}

## Reliability, frozen test

P(therapy) + P(crisis): what was said, what was.

{report.reliability(frozen.bins)}
"""


def whole_page(
    digest: str,
    trained: Trained,
    test: Trial,
    curve: Sequence[Step],
    frozen: Sequence[Example],
) -> str:
    """Return report.html: everything that is known of the model, without a word of any mail."""
    return page(
        f"Model {digest[:12]}",
        sets={"left-out writers": left_out(trained), "frozen test": test.evaluation},
        left_out=Known(
            ids=tuple(one.id for one in trained.prepared.examples),
            label=trained.prepared.label,
            probabilities=trained.left_out,
        ),
        frozen=Known(
            ids=tuple(one.id for one in frozen),
            label=np.array([LABELS.index(one.label) for one in frozen]),
            probabilities=np.array(
                [[getattr(one.scores, name) for name in LABELS] for one in test.verdicts]
            ),
        ),
        curve=curve,
        facts={
            "SHA-256": digest,
            "learned from": f"{len(trained.prepared.texts)} mails",
            "features": str(len(trained.arrays.names)),
            "evidence sentence right": str(test.evidence),
            "flag from": f"{trained.cutoffs.flag:.3f}",
            "remind from": f"{trained.cutoffs.remind:.3f}",
            "alert from": f"{trained.cutoffs.crisis:.3f}",
        },
    )
