"""Updates are read laxly: what a shop has no answer to is passed over, and nothing breaks it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput
from rastro.telegram.updates import ButtonPress, Membership, Message, Update, parse_update

DATA = Path(__file__).parents[2] / "data" / "telegram"


def _read(name: str) -> Update | None:
    document = json.loads((DATA / f"{name}.json").read_bytes())
    return parse_update(json.dumps(document.get("sample", document)).encode())[1]


def test_a_start_with_payload_is_a_message() -> None:
    update = _read("update_message_start")
    assert isinstance(update, Message)
    assert update.start_param == "promo_1-A"
    assert (update.person.chat_id, update.person.first_name, update.person.language_code) == (
        "1111111",
        "Test Firstname",
        "pt-br",
    )


def test_a_pressed_button_is_read_with_its_data() -> None:
    update = _read("update_callback_query")
    assert isinstance(update, ButtonPress)
    assert (update.data, update.callback_query_id, update.person.chat_id) == ("buy:plan_1", "4382bfdwdsb323b2d9", "1111111")


@pytest.mark.parametrize(
    "name", ["update_callback_query_inaccessible", "update_callback_query_inline_message", "official_callback_query"]
)
def test_a_button_of_an_old_or_inline_message_still_knows_its_person(name: str) -> None:
    assert isinstance(_read(name), ButtonPress)


def test_telegrams_own_sample_without_is_bot_is_read() -> None:
    update = _read("official_message_start")
    assert isinstance(update, Message)
    assert update.start_param is not None


@pytest.mark.parametrize(
    ("name", "blocked"), [("update_my_chat_member_blocked", True), ("update_my_chat_member_unblocked", False)]
)
def test_blocking_and_coming_back_are_told_apart(name: str, blocked: bool) -> None:  # noqa: FBT001 - a case
    update = _read(name)
    assert isinstance(update, Membership)
    assert update.blocked is blocked


@pytest.mark.parametrize(
    "name",
    [
        "update_edited_message",
        "update_channel_post",
        "update_unknown_future_type",
        "update_chat_join_request",
        "update_edited_channel_post",
    ],
)
def test_what_a_shop_has_no_answer_to_is_passed_over(name: str) -> None:
    assert _read(name) is None


def test_groups_are_passed_over() -> None:
    document = json.loads((DATA / "update_message_start.json").read_bytes())
    document["message"]["chat"] = {"id": -100123, "type": "supergroup"}
    assert parse_update(json.dumps(document).encode())[1] is None


@pytest.mark.parametrize(
    ("text", "start_param"),
    [
        ("/start", ""),
        ("/start abc", "abc"),
        ("/START  abc ", "abc"),
        ("/start@loja_bot abc", "abc"),
        ("oi", None),
        ("/started", None),
    ],
)
def test_the_start_parameter_is_what_follows_the_command(text: str, start_param: str | None) -> None:
    document = json.loads((DATA / "update_message_start.json").read_bytes())
    document["message"]["text"] = text
    update = parse_update(json.dumps(document).encode())[1]
    assert isinstance(update, Message)
    assert update.start_param == start_param


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"update_id": "7"}', b'{"update_id": true}', b"\xff"])
def test_a_body_that_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_update(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "from", "chat", "text", "data"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["message", "callback_query", "my_chat_member"]), json_values))
def test_fields_of_any_shape_never_break_the_parser(document: dict[str, object]) -> None:
    update_id, _ = parse_update(json.dumps(document | {"update_id": 7}).encode())
    assert update_id == 7
