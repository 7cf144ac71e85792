"""The start token is signed, self-contained and has one spelling."""

import base64
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import SecretMissing
from rastro.model import Campaign, Slug
from rastro.tracking import token as start_token
from rastro.tracking.signing import SigningKeys

KEYS = SigningKeys(b"k" * 32)
OTHER = SigningKeys(b"o" * 32)
ALPHABET = string.ascii_letters + string.digits + "-_"
SLUG = Slug("curso")
ORGANIC = Campaign()

click_ids = st.binary(min_size=12, max_size=12)
moments = st.integers(min_value=0, max_value=4_000_000_000_000)
campaigns = st.builds(Campaign, utm_source=st.none() | st.text(), campaign_code=st.none() | st.text())


def _mint(click_id: bytes = b"c" * 12, now_ms: int = 1_790_000_000_000, campaign: Campaign = ORGANIC) -> str:
    return start_token.mint(KEYS, click_id=click_id, clicked_at_ms=now_ms, slug=SLUG, campaign=campaign)


@given(click_ids, moments, campaigns)
def test_a_token_says_what_it_was_minted_of(click_id: bytes, now_ms: int, campaign: Campaign) -> None:
    token = _mint(click_id, now_ms, campaign)
    parsed = start_token.parse(KEYS, token)
    assert parsed is not None
    assert parsed.click_id == click_id
    assert parsed.clicked_at_ms == now_ms // 60_000 * 60_000
    assert parsed.funnel_ref == start_token.funnel_ref(SLUG)
    assert parsed.campaign_ref == start_token.campaign_ref(campaign)
    assert parsed.pageview_event_id == start_token.pageview_event_id(click_id)


@given(click_ids, moments, campaigns)
def test_a_token_fits_telegrams_start_parameter(click_id: bytes, now_ms: int, campaign: Campaign) -> None:
    token = _mint(click_id, now_ms, campaign)
    assert len(token) == start_token.TOKEN_LENGTH <= 64
    assert set(token) <= set(ALPHABET)


@given(click_ids, st.integers(0, 43), st.sampled_from(ALPHABET))
def test_a_token_with_a_changed_character_is_refused(click_id: bytes, place: int, character: str) -> None:
    token = _mint(click_id)
    changed = token[:place] + character + token[place + 1 :]
    assert (start_token.parse(KEYS, changed) is None) == (changed != token)


@given(click_ids, st.integers(0, 43))
def test_a_cut_token_is_refused(click_id: bytes, length: int) -> None:
    assert start_token.parse(KEYS, _mint(click_id)[:length]) is None


@given(click_ids, st.text(min_size=1, max_size=5), st.booleans())
def test_a_token_with_anything_added_is_refused(click_id: bytes, more: str, before: bool) -> None:  # noqa: FBT001 - drawn
    token = _mint(click_id)
    assert start_token.parse(KEYS, more + token if before else token + more) is None


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    assert start_token.parse(KEYS, text) is None


def test_a_token_of_another_deployment_is_refused() -> None:
    assert start_token.parse(OTHER, _mint()) is None


def test_a_token_of_the_previous_key_is_still_accepted_after_a_rotation() -> None:
    rotated = SigningKeys(current=b"n" * 32, previous=KEYS.current)
    assert start_token.parse(rotated, _mint()) is not None
    assert start_token.parse(SigningKeys(b"n" * 32), _mint()) is None


def test_the_campaigns_short_id_names_the_campaign_not_the_single_ad() -> None:
    one = Campaign(utm_source="fb", utm_campaign="natal", utm_content="video-1")
    other_ad = Campaign(utm_source="fb", utm_campaign="natal", utm_content="video-2")
    other_campaign = Campaign(utm_source="fb", utm_campaign="Natal")
    assert start_token.campaign_ref(one) == start_token.campaign_ref(other_ad)
    assert start_token.campaign_ref(one) != start_token.campaign_ref(other_campaign)
    assert start_token.campaign_ref(Campaign(utm_content="x")) == start_token.NO_CAMPAIGN


@given(click_ids, moments, campaigns)
def test_the_beacon_nonce_leads_back_to_its_token_and_to_no_other_funnels(
    click_id: bytes, now_ms: int, campaign: Campaign
) -> None:
    token = start_token.parse(KEYS, _mint(click_id, now_ms, campaign))
    assert token is not None
    nonce = start_token.beacon_nonce(KEYS, token)
    assert nonce not in token.token
    assert start_token.token_of_nonce(KEYS, SLUG, nonce) == token
    assert start_token.token_of_nonce(KEYS, Slug("outro"), nonce) is None
    assert start_token.token_of_nonce(OTHER, SLUG, nonce) is None
    assert start_token.token_of_nonce(KEYS, SLUG, token.token) is None


def _secret(current: object, previous: object = None) -> str:
    return json.dumps({"current": current, "previous": previous})


def _b64(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def test_signing_keys_are_read_from_their_secret() -> None:
    assert SigningKeys.from_secret(_secret(_b64(b"a" * 32))) == SigningKeys(b"a" * 32)
    assert SigningKeys.from_secret(_secret(_b64(b"a" * 32), _b64(b"b" * 40))) == SigningKeys(b"a" * 32, b"b" * 40)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "not json", _secret(""), _secret(_b64(b"short")), _secret(7), _secret(_b64(b"a" * 32), _b64(b"b"))],
)
def test_a_missing_or_weak_signing_key_is_no_key(text: str) -> None:
    with pytest.raises(SecretMissing):
        SigningKeys.from_secret(text)
