"""What training reads: her latest word about each item, and nothing that she took back."""

from guard.record.eraser import erase
from guard.review.rulings import Answer, Remind, Ruling, read, ruled, rulings
from guard.verdict.label import Label
from tests.review.practice import PASSPHRASE, Practice, letter


def stand(practice: Practice) -> list[Ruling]:
    with practice.desk.open() as book:
        return list(rulings(book.record, book.reader))


def test_the_latest_answer_about_an_item_counts(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    open_practice.answer(item, "scheduling")
    open_practice.clock.pass_(minutes=1)
    open_practice.answer(item, "therapy")
    assert stand(open_practice) == [
        Ruling(item=item, label=Label.THERAPY, client="unsorted", at=open_practice.now)
    ]


def test_an_answer_that_was_taken_back_is_not_learned_from(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    open_practice.answer(item, "scheduling")
    open_practice.answer(item, "therapy")
    last = next(reversed(open_practice.desk.shelf.standing))
    open_practice.post("/undo", None, seq=str(last))
    assert [one.label for one in stand(open_practice)] == [Label.SCHEDULING]


def test_an_answer_without_a_label_teaches_nothing(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    open_practice.answer(item, "later")
    open_practice.answer(item, "never")
    assert stand(open_practice) == []


def test_the_client_is_the_one_that_she_named(open_practice: Practice) -> None:
    client = open_practice.add_client("Tom", "t@work.example")
    item = open_practice.add(letter())
    open_practice.answer(item, "therapy")
    form = {"do": "client", "client": client, "state": open_practice.state(item)}
    open_practice.post(f"/item/{item}/sender", None, **form)
    assert [one.client for one in stand(open_practice)] == [client]


def test_what_a_destroyed_key_sealed_is_left_out(open_practice: Practice) -> None:
    gone = open_practice.add(letter("one"), owner="cgone")
    kept = open_practice.add(letter("two"), owner="ckept")
    for item in (gone, kept):
        open_practice.answer(item, "therapy")
    with open_practice.open() as record:
        identity = record.keys.unlock(PASSPHRASE)
        erase(record, "cgone", identity=identity, body={}, now=open_practice.now)
    assert [one.item for one in stand(open_practice)] == [kept]


def test_in_public_an_answer_tells_nothing_of_the_mail() -> None:
    answer = Answer(label=Label.CRISIS, remind=Remind.NEVER, note="Nadia", address="a@b.example")
    fact = ruled(7, ("c1",), answer, ("review",))
    assert fact.body == {"actions": ["label", "note", "remind-never"]}
    assert fact.secret is not None
    assert read(fact.secret) == answer
