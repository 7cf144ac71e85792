"""A reference to a bot user is readable by nobody else, expires, and has one spelling."""

import string

from hypothesis import given
from hypothesis import strategies as st

from rastro.model import BotId, ChatId
from rastro.tracking.reference import LIFETIME_MS, BotUserReference, seal, unseal
from rastro.tracking.signing import SigningKeys

KEYS = SigningKeys(b"k" * 32)
NOW = 1_790_000_000_000
ALPHABET = string.ascii_letters + string.digits + "-_"

bots = st.integers(1, 10**12).map(lambda number: BotId(str(number)))
chats = st.integers(-(10**13), 10**13).map(lambda number: ChatId(str(number)))


@given(bots, chats)
def test_a_reference_means_whom_it_was_made_for(bot_id: BotId, chat_id: ChatId) -> None:
    reference = seal(KEYS, bot_id, chat_id, now_ms=NOW)
    assert set(reference) <= set(ALPHABET)
    assert unseal(KEYS, reference, now_ms=NOW) == BotUserReference(bot_id, chat_id)


@given(bots, chats, st.integers(0, 42), st.sampled_from(ALPHABET))
def test_a_changed_reference_is_refused(bot_id: BotId, chat_id: ChatId, place: int, character: str) -> None:
    reference = seal(KEYS, bot_id, chat_id, now_ms=NOW)
    changed = reference[:place] + character + reference[place + 1 :]
    assert (unseal(KEYS, changed, now_ms=NOW) is None) == (changed != reference)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    assert unseal(KEYS, text, now_ms=NOW) is None


def test_a_reference_expires() -> None:
    reference = seal(KEYS, BotId("7"), ChatId("8"), now_ms=NOW)
    assert unseal(KEYS, reference, now_ms=NOW + LIFETIME_MS - 60_000) is not None
    assert unseal(KEYS, reference, now_ms=NOW + LIFETIME_MS) is None


def test_a_reference_of_the_previous_key_holds_and_of_another_deployment_does_not() -> None:
    reference = seal(KEYS, BotId("7"), ChatId("8"), now_ms=NOW)
    assert unseal(SigningKeys(b"n" * 32, KEYS.current), reference, now_ms=NOW) is not None
    assert unseal(SigningKeys(b"n" * 32), reference, now_ms=NOW) is None


def test_the_ids_cannot_be_read_from_it() -> None:
    one, other = (seal(KEYS, BotId("7"), ChatId(chat), now_ms=NOW) for chat in ("1000", "1001"))
    assert sum(a == b for a, b in zip(one, other, strict=True)) < 12
