"""``guard classify``: verdicts for files or lines, filing nothing."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec
from msgspec.structs import asdict, replace

from guard.commands import judges
from guard.config import DEFAULT_NAME, Settings, load
from guard.errors import UnreadableError
from guard.mail.text import new_text
from guard.verdict.label import Verdict


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--jsonl", is_flag=True, help='Read lines {"id","subject","body"} from stdin.')
@click.pass_obj
def classify(config: Path, files: tuple[Path, ...], *, jsonl: bool) -> None:
    """Say what e-mails are about: one line of JSON for each. Files nothing, sends nothing.

    FILES are raw messages (.eml). Uses the model that guard.toml names, else the shipped one.
    Exit status 65 at the first line of --jsonl that cannot be read, 78 when the model cannot be
    loaded.
    """
    if bool(files) is jsonl:
        raise click.UsageError("give either files or --jsonl")
    settings = load(config) if config.exists() or config.name != DEFAULT_NAME else None
    if jsonl:
        _lines(settings)
    else:
        _files(files, settings)


def _files(files: tuple[Path, ...], settings: Settings | None) -> None:
    with judges.reader(settings) as reader:
        readings = reader.start([file.read_bytes() for file in files])()
        if reader.problem is not None:
            raise reader.problem
    for file, reading in zip(files, readings, strict=True):
        _print(file.name, reading.verdict)


def _lines(settings: Settings | None) -> None:
    from guard.verdict.aside import danger_aside  # noqa: PLC0415  # as slow as the model
    from guard.verdict.model import load as load_model  # noqa: PLC0415  # scikit-learn is slow to import

    model = judges.chosen_model(settings)
    judge = load_model(model.file, model.digest)
    for batch in _batches(_parsed(sys.stdin.buffer)):
        verdicts = judge.judge([f"{one.subject}\n{new_text(one.body)}" for one in batch])
        for one, verdict in zip(batch, verdicts, strict=True):
            _print(one.id, replace(verdict, aside=danger_aside(one.body)))


class _Line(msgspec.Struct):
    id: str | int
    subject: str = ""
    body: str = ""


def _parsed(lines: Iterable[bytes]) -> Iterator[_Line]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise UnreadableError(
                f"line {number} of the input is not what classify reads",
                hint='Each line: {"id": "1", "subject": "...", "body": "..."}',
            ) from None


def _batches(items: Iterator[_Line], size: int = 200) -> Iterator[list[_Line]]:
    batch: list[_Line] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _print(name: str | int, verdict: Verdict) -> None:
    scores = {key: round(value, 4) for key, value in asdict(verdict.scores).items()}
    click.echo(
        json.dumps(
            {
                "id": name,
                "label": verdict.label.value,
                "scores": scores,
                "flagged": verdict.flagged,
                "remind": verdict.remind and not verdict.aside,
                "abstained": bool(verdict.abstained),
                "evidence": list(verdict.evidence),
                "model": verdict.model,
            },
            ensure_ascii=False,
        )
    )
