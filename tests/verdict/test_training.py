"""Training on a part of the corpus: the same every time, equal to scikit-learn, and discreet."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from guard.errors import ModelError
from guard.verdict import model as model_file
from guard.verdict.corpus import RULED, Example, read
from guard.verdict.counting import count, weigh
from guard.verdict.judge import Judge
from guard.verdict.preparing import prepare, text_of
from guard.verdict.scorer import CLASSES, Scorer
from guard.verdict.training import Trained, train
from guard.verdict.vocabulary import Vocabulary

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
BATCHES = ("b13", "b15")


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(read(CORPUS / f"{name}.jsonl" for name in BATCHES))


@pytest.fixture(scope="module")
def trained(examples: list[Example]) -> Trained:
    return train(examples)


def judge_of(trained: Trained) -> Judge:
    return Judge(trained.arrays, trained.cutoffs, model="a" * 64)


def ruling(number: int, client: str, label: str, body: str) -> Example:
    return Example(
        id=f"r{number % 3}-{number}",
        author=client,
        scenario=client,
        label=label,
        tags=(RULED,),
        sensitive=(),
        subject="",
        body=body,
    )


def test_the_same_mail_gives_the_same_file(examples: list[Example], trained: Trained) -> None:
    again = train(list(reversed(examples)))

    assert model_file.dump(again.arrays, again.cutoffs) == model_file.dump(
        trained.arrays, trained.cutoffs
    )


def test_the_scorer_says_what_scikit_learn_says(examples: list[Example], trained: Trained) -> None:
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfTransformer  # noqa: PLC0415  # the oracle
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    vocabulary = Vocabulary(trained.arrays.names)
    prepared = prepare(sorted(examples, key=lambda one: one.id))
    counts = count(prepared.texts, vocabulary).mails
    width = len(vocabulary.names)
    raw = csr_matrix((counts.count, (counts.row, counts.feature)), shape=(counts.rows, width))
    blocks = [np.flatnonzero(vocabulary.part == at) for at in (0, 1)]
    theirs = hstack([TfidfTransformer(sublinear_tf=True).fit_transform(raw[:, b]) for b in blocks])
    mine = csr_matrix(
        (
            weigh(counts, trained.arrays.mail_idf, vocabulary.part),
            (counts.row, counts.feature),
        ),
        shape=raw.shape,
    )
    ordered = hstack([mine[:, b] for b in blocks])
    assert abs(ordered - theirs).max() < 1e-9

    fitted = LogisticRegression(C=8.0, max_iter=3000, class_weight="balanced").fit(
        mine, prepared.label
    )
    assert np.allclose(fitted.coef_.T, trained.arrays.mail_weights[:, :4], atol=1e-6)


def test_probabilities_sum_to_one_alone_and_in_a_batch(trained: Trained) -> None:
    texts = ["Tuesday at 4?", "", "It happened again.", "x" * 5000]
    scorer = Scorer(trained.arrays)

    together = scorer.score(texts).probabilities
    alone = np.vstack([scorer.score([one]).probabilities for one in texts])

    assert np.allclose(together.sum(axis=1), 1)
    assert np.allclose(together, alone)


def test_a_file_gives_back_the_model(trained: Trained, tmp_path: Path) -> None:
    data = model_file.dump(trained.arrays, trained.cutoffs)
    (tmp_path / "model.joblib").write_bytes(data)

    loaded = model_file.load(tmp_path / "model.joblib", model_file.digest(data))
    texts = ["Could we move to Friday at 3?", "I cried all the way home after our session."]

    for mine, theirs in zip(loaded.judge(texts), judge_of(trained).judge(texts), strict=True):
        assert mine.label == theirs.label
        assert mine.scores.sensitive == pytest.approx(theirs.scores.sensitive, abs=1e-4)


def test_another_file_is_refused(trained: Trained, tmp_path: Path) -> None:
    data = model_file.dump(trained.arrays, trained.cutoffs)
    file = tmp_path / "model.joblib"
    file.write_bytes(data[:-1] + b"x")

    with pytest.raises(ModelError, match="SHA-256 differs"):
        model_file.load(file, model_file.digest(data))


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x80\x04K\x01."])
def test_what_is_no_model_is_refused_though_its_digest_fits(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.joblib"
    file.write_bytes(data)

    with pytest.raises(ModelError):
        model_file.load(file, model_file.digest(data))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model"):
        model_file.load(tmp_path / "model.joblib", "0" * 64)


def test_a_model_of_another_scikit_learn_is_refused(trained: Trained, tmp_path: Path) -> None:
    import io  # noqa: PLC0415

    import joblib  # noqa: PLC0415

    data = model_file.dump(trained.arrays, trained.cutoffs)
    plain = joblib.load(io.BytesIO(data))
    buffer = io.BytesIO()
    joblib.dump({**plain, "scikit-learn": "0.18.2"}, buffer, compress=("zlib", 6))
    (tmp_path / "model.joblib").write_bytes(buffer.getvalue())

    with pytest.raises(ModelError, match=r"made with scikit-learn 0\.18\.2"):
        model_file.load(tmp_path / "model.joblib", model_file.digest(buffer.getvalue()))


def test_no_name_of_a_client_gets_into_the_file(examples: list[Example]) -> None:
    secrets = ["Quillfeather", "Xanthippe", "Brambletoft", "zopiclonium"]
    rulings = [
        ruling(n, f"client{n % 2}", "therapy", f"{name} shouted at me again. {name} left. {name}!")
        for n, name in enumerate(secrets * 6)
    ]

    names = "\n".join(train([*examples, *rulings]).arrays.names).lower()

    assert not [one for one in secrets if one.lower() in names]


def test_a_word_that_three_clients_use_is_learned(examples: list[Example]) -> None:
    rulings = [
        ruling(n, f"client{n}", "therapy", "The grumbleweed was back all night.") for n in range(4)
    ]

    assert "wgrumbleweed" in train([*examples, *rulings]).arrays.names


def test_a_hundred_wrong_rulings_do_not_break_it(
    examples: list[Example], trained: Trained
) -> None:
    held_out = list(read([CORPUS / "b12.jsonl"]))
    wrong = [
        ruling(n, f"client{n % 20}", "scheduling" if one.flagged else "therapy", text_of(one))
        for n, one in enumerate(read([CORPUS / "b20.jsonl"]))
    ][:100]

    before, after = (
        recall(judge_of(one), held_out) for one in (trained, train([*examples, *wrong]))
    )

    assert after >= before - 0.1


def recall(judge: Judge, mails: Sequence[Example]) -> float:
    verdicts = judge.judge([text_of(one) for one in mails])
    flagged = [
        verdict.flagged for verdict, one in zip(verdicts, mails, strict=True) if one.flagged
    ]
    return sum(flagged) / len(flagged)


def test_one_batch_alone_cannot_be_trained_on(examples: list[Example]) -> None:
    with pytest.raises(ValueError, match="two batches"):
        train([one for one in examples if one.batch == "b11"])


def test_a_label_must_not_be_missing(examples: list[Example]) -> None:
    with pytest.raises(ValueError, match="every label"):
        train([msgspec.structs.replace(one, label="other", sensitive=()) for one in examples])


def test_classes_and_labels_stand_in_one_order() -> None:
    assert CLASSES == ("scheduling", "therapy", "crisis", "other")
