"""``guard review``: what waits for the therapist, as a page or in a terminal."""

import contextlib
import io
import json
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import click

from guard.clients.directory import Client
from guard.commands import alarms, asking, judges, lastscan, page, post, wiring
from guard.commands.options import PASSPHRASE
from guard.config import Settings, Smtp, load
from guard.errors import ConfigError, GuardError, UnreadableError
from guard.policy import words
from guard.policy.minutes import KIND, Minutes, read
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.record.times import from_ms
from guard.reply.errands import Errands
from guard.reply.wording import wordings
from guard.review import plain, view
from guard.review.book import Book
from guard.review.desk import Desk, Edges
from guard.review.letters import Letters
from guard.review.queue import Lane, Waiting
from guard.review.session import Session
from guard.verdict.chosen import CARD


@click.command()
@click.option("--list", "as_list", is_flag=True, help="Print the queue, and open no page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an item.")
@click.option("--item", type=int, help="Print the text of one item.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 is any free one.")
@click.option("--no-browser", is_flag=True, help="Print the link, and open no browser.")
@click.option("--serve", is_flag=True, help="Behind a clinic's reverse proxy: see [serve].")
@PASSPHRASE
@click.pass_obj
def review(  # noqa: PLR0913  # each option is an argument
    config: Path,
    *,
    as_list: bool,
    as_json: bool,
    item: int | None,
    port: int,
    no_browser: bool,
    serve: bool,
    passphrase_file: Path | None,
) -> None:
    """Open the page where you look at what waits, and answer it.

    The page runs on this computer only and asks for your passphrase. Ctrl and C ends it. In a
    clinic, --serve lets you reach it by a reverse proxy, once you have signed in (OpenID Connect).
    """
    settings = load(config)
    if serve:
        _behind_proxy(settings, others=(as_list, as_json, item is not None, port, no_browser))
        return
    if not (as_list or as_json or item is not None):
        _serve(settings, port=port, browser=not no_browser)
        return
    with unlocked_book(settings, passphrase_file) as book:
        if item is not None:
            click.echo(_one(book, item, as_json=as_json))
        elif as_json:
            for one in book.queue():
                click.echo(json.dumps(_fields(one), ensure_ascii=False))
        else:
            click.echo(_listed(book.queue()))
            for name, lines in view.notes(book):
                click.echo(f"\nFor the next session with {name}:")
                for line in lines:
                    click.echo(f"{line.item:>6}  {line.when}  {line.subject}")


def minutes_of_item(record: Record, reader: Reader, item: int) -> Minutes | None:
    """Return the newest decision about an item; None when there is none or it cannot be read."""
    entry = record.latest(KIND, item=item)
    if entry is None:
        return None
    try:
        return read(reader.secret(entry.seq))
    except (GuardError, ValueError):
        return None


def edges(settings: Settings) -> Edges:
    """Join the edges of the page."""
    smtp = settings.smtp
    return Edges(
        settings=settings,
        open_record=partial(wiring.open_record, settings),
        clock=wiring.clock,
        token=lambda: secrets.token_hex(24),
        errands=None if smtp is None else lambda record: _errands(settings, smtp, record),
        model_card=lambda: judges.chosen_model(settings).file.with_name(CARD),
        last_scan=partial(lastscan.read, settings.record_folder),
        troubles=partial(alarms.current, settings),
        free_bytes=wiring.free_bytes,
        copy=partial(zipped_copy, settings),
        letters=Letters(),
        sharing=wiring.sharing,
    )


def zipped_copy(settings: Settings, book: Book, client: Client) -> bytes:
    """Make a client's copy as a ZIP file, in memory."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        # Late, because the terminal's list needs none of it.
        from guard.commands.record_export import make_copy  # noqa: PLC0415

        make_copy(settings, book, client, archive.writestr)
    return packed.getvalue()


@contextlib.contextmanager
def _errands(settings: Settings, smtp: Smtp, record: Record) -> Iterator[Errands]:
    """Everything for one reminder that she sends herself; no scan runs meanwhile."""
    with (
        wiring.locked(settings),
        post.LateOutbox(settings, smtp) as sender,
    ):
        yield Errands(
            record=record,
            sender=sender,
            settings=settings,
            wordings=wordings(settings),
            token=wiring.token,
            keep=partial(post.put_into_sent, settings),
        )


def _serve(settings: Settings, *, port: int, browser: bool) -> None:
    with page.installed():
        from guard.review.web import create_app  # noqa: PLC0415  # an extra, slow to load
    with wiring.open_record(settings, readonly=True):
        pass
    at = edges(settings)
    desk = Desk(at, Session(at.token))
    with at.letters:
        page.answer(lambda host: create_app(desk, host=host), desk, port=port, browser=browser)


def _behind_proxy(settings: Settings, *, others: Iterable[object]) -> None:
    if any(others):
        raise click.UsageError("--serve takes no other option; [serve] says where it listens")
    from guard.commands.review_serve import serve  # noqa: PLC0415  # only a clinic's

    with wiring.open_record(settings, readonly=True):
        pass
    serve(settings, edges(settings))


@contextlib.contextmanager
def unlocked_book(settings: Settings, passphrase_file: Path | None) -> Iterator[Book]:
    """The record for one command, opened by the passphrase."""
    at = edges(settings)
    desk = Desk(at, Session(at.token))
    desk.unlock(asking.ask_passphrase(passphrase_file))
    with at.letters, desk.open() as book:
        yield book


def _one(book: Book, number: int, *, as_json: bool) -> str:
    row = book.row(number)
    if row is None:
        raise ConfigError(f"there is no item {number}", hint="Numbers: guard review --list")
    found = view.item(book, row, None)
    if found.message is None:
        raise UnreadableError(found.problem.rstrip("."))
    text = plain.safe(found.message.new_text)
    line = found.line
    if as_json:
        received = from_ms(row.received).isoformat()
        fields = {"item": number, "received": received, "sender": line.who}
        fields |= {"subject": line.subject, "text": text}
        return json.dumps(fields, ensure_ascii=False)
    return f"{line.who}\n{line.when}\n{line.subject}\n\n{text}"


def _listed(queue: list[Waiting]) -> str:
    if not queue:
        return "Nothing waits for you."
    return "\n".join([f"{len(queue)} waiting for your eyes.\n", *map(_shown, queue)])


def _shown(one: Waiting) -> str:
    heading = plain.LANES[one.why][0].lower()
    minutes = one.minutes
    if minutes is None:
        return f"{one.item:>6}  {heading}\n"
    why = "; ".join(words.GROUNDS.get(ground, ground) for ground in minutes.decision.grounds) or (
        words.CHANNELS[minutes.decision.channel][0] if minutes.decision.channel else heading
    )
    when = minutes.received[:16].replace("T", " ")
    lines = [
        f"{one.item:>6}  {when}  {plain.one_line(minutes.sender)}",
        f"        {plain.one_line(minutes.subject) or '(no subject)'}",
    ]
    if one.why is Lane.SAMPLE:
        # What guard thinks of it would colour what she thinks.
        return "\n".join([*lines, f"        {heading}", ""])
    lines.append(f"        {minutes.verdict.label.value}: {why}")
    lines += [f"        “{plain.one_line(sentence)}”" for sentence in minutes.verdict.evidence]
    return "\n".join([*lines, ""])


def _fields(one: Waiting) -> dict[str, object]:
    if one.minutes is None:
        return {"item": one.item, "lane": one.why.value, "uncertain": one.uncertain}
    minutes = one.minutes
    return {
        "item": one.item,
        "lane": one.why.value,
        "received": minutes.received,
        "sender": plain.safe(minutes.sender),
        "subject": plain.safe(minutes.subject),
        "label": minutes.verdict.label.value,
        "grounds": list(minutes.decision.grounds),
        "channel": minutes.decision.channel.value if minutes.decision.channel else "",
        "evidence": [*map(plain.safe, minutes.verdict.evidence)],
        "uncertain": one.uncertain,
    }
