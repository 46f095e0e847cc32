"""Her rulings become a model: tested, kept, used only if not worse, and the way back."""

import secrets
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard import shipped
from guard.commands import judges
from guard.commands.model import model
from guard.commands.template import guard_toml
from guard.commands.train import train
from guard.config import Settings, load
from guard.errors import ConfigError, GuardError, ModelError
from guard.record import init as record_init
from guard.record.entry import Incoming
from guard.record.passphrase import CHEAPEST
from guard.record.sqlite import SqliteRecord
from guard.review.rulings import Answer, ruled
from guard.verdict import cabinet
from guard.verdict.label import Label
from tests.commands.answers import OFFLINE

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
PASSPHRASE = "correct horse"
SAID = [
    ("The old dread came back on Sunday, I sat in the car an hour.", Label.THERAPY),
    ("Could we make it 5 instead of 4 on Tuesday?", Label.SCHEDULING),
    ("Please find the invoice for the room attached.", Label.OTHER),
    ("I do not think I can keep going, tell them I tried.", Label.CRISIS),
]


@pytest.fixture
def small_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus that is learned in seconds."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("b13", "b15", "t01"):
        shutil.copy(CORPUS / f"{name}.jsonl", folder)
    monkeypatch.setitem(shipped._PLACES, "corpus", (folder,))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A practice with a record and no rulings."""
    file = tmp_path / "guard.toml"
    file.write_text(guard_toml(OFFLINE))
    (tmp_path / "pass.secret").write_text(PASSPHRASE)
    (tmp_path / "pass.secret").chmod(0o600)
    record_init.create(
        tmp_path / "record",
        passphrase=PASSPHRASE,
        executor=None,
        random=secrets.token_bytes,
        now=1,
        work=CHEAPEST,
    )
    return file


@pytest.fixture
def ruled_on(config: Path) -> Path:
    """A practice in which she has ruled on some mail of four clients."""
    with SqliteRecord.open(config.parent / "record") as record:
        for number, (text, label) in enumerate(SAID * 3):
            owners = (f"client{number % 4}",)
            raw = f"Subject: {number}\r\nFrom: a@b.example\r\n\r\n{text}\r\n".encode()
            mail = Incoming(
                raw=raw, account="a", locations=(), owners=owners, direction="in", received=1
            )
            [filed] = record.file([mail], cursor=None, now=1)
            record.append([ruled(filed.item, owners, Answer(label=label), ())], now=2)
    return config


def run_train(config: Path, *words: str) -> Result:
    secret = config.parent / "pass.secret"
    return CliRunner().invoke(
        train, ["--passphrase-file", str(secret), *words], obj=config, catch_exceptions=False
    )


def run_model(config: Path, *words: str) -> Result:
    return CliRunner().invoke(model, list(words), obj=config, catch_exceptions=False)


def adopted(config: Path) -> list[str]:
    with SqliteRecord.open(config.parent / "record", readonly=True) as record:
        return [entry.data["name"] for entry in record.entries() if entry.kind == "model"]


def test_without_a_ruling_there_is_nothing_to_learn(config: Path) -> None:
    with pytest.raises(ConfigError, match="no ruling to learn from"):
        run_train(config)


@pytest.mark.usefixtures("small_corpus")
def test_a_worse_model_is_kept_unused_adopted_at_her_word_and_left_again(ruled_on: Path) -> None:
    settings = load(ruled_on)

    told = run_train(ruled_on).output

    [kept] = cabinet.kept(judges.cabinet_of(settings))
    assert "It is not used, because it " in told
    assert (kept.in_use, adopted(ruled_on)) == (False, [])

    run_model(ruled_on, "adopt", kept.name)

    assert judges.chosen_model(settings).digest.startswith(kept.name)
    assert adopted(ruled_on) == [kept.name]

    (judges.cabinet_of(settings) / cabinet.IN_USE).unlink()

    assert "not the one that was adopted" in str(problem(settings))

    run_model(ruled_on, "rollback")

    assert judges.chosen_model(settings).file.parent == shipped.folder("models")
    assert adopted(ruled_on) == [kept.name, "shipped"]
    assert problem(settings) is None


def problem(settings: Settings) -> GuardError | None:
    with SqliteRecord.open(settings.record_folder, readonly=True) as record:
        return judges.reader(settings, record).problem


def test_going_back_from_the_shipped_model_says_so(config: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to go back to"):
        run_model(config, "rollback")


@pytest.mark.parametrize("name", ["0123456789ab", "../../etc", "nothing"])
def test_what_is_no_model_cannot_be_adopted(config: Path, name: str) -> None:
    with pytest.raises(ModelError, match="there is no model"):
        run_model(config, "adopt", name)


def test_the_card_of_the_model_in_use_is_shown(config: Path) -> None:
    assert "Confusion matrix" in run_model(config, "show").output


@pytest.mark.usefixtures("small_corpus")
def test_what_one_practice_s_clients_say_reaches_no_other_practice(
    ruled_on: Path, tmp_path: Path
) -> None:
    """The word is of three clients, so their own practice learns it; nobody else does."""
    colleague = tmp_path / "colleague" / "guard.toml"
    colleague.parent.mkdir()
    shutil.copy(ruled_on, colleague)
    with SqliteRecord.open(ruled_on.parent / "record") as record:
        for number in range(4):
            owners = (f"client{number}",)
            raw = f"Subject: {number}\r\nFrom: a@b.example\r\n\r\nThe grumbleweed was back.\r\n"
            mail = Incoming(
                raw=raw.encode(),
                account="a",
                locations=(),
                owners=owners,
                direction="in",
                received=1,
            )
            [filed] = record.file([mail], cursor=None, now=1)
            record.append([ruled(filed.item, owners, Answer(label=Label.THERAPY), ())], now=2)
    before = everything(shipped.folder("models")), everything(colleague.parent)

    run_train(ruled_on)
    [kept] = cabinet.kept(judges.cabinet_of(load(ruled_on)))
    run_model(ruled_on, "adopt", kept.name)

    assert (everything(shipped.folder("models")), everything(colleague.parent)) == before
    assert judges.chosen_model(load(ruled_on)).digest.startswith(kept.name)
    assert judges.chosen_model(load(colleague)).file.parent == shipped.folder("models")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.mark.slow
@pytest.mark.usefixtures("small_corpus")
def test_on_a_cluster_of_ones_own_the_same_model_is_made(ruled_on: Path) -> None:
    distributed = pytest.importorskip("distributed")
    settings = load(ruled_on)
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    ) as cluster:
        there = run_train(ruled_on, "--cluster", cluster.scheduler_address)
    here = run_train(ruled_on)

    with SqliteRecord.open(settings.record_folder, readonly=True) as record:
        digests = [one.data["sha256"] for one in record.entries() if one.kind == "trained"]
    assert (there.exit_code, here.exit_code) == (0, 0)
    assert len(digests) == 2
    assert len(set(digests)) == 1
