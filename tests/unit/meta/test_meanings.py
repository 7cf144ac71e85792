"""Every code that decides something has words for it, and every row its true story."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.explanation import Language
from rastro.meta import answer
from rastro.meta.meanings import Fate, fate_of, meaning_of_error, meaning_of_fate
from rastro.model import DAY_MS, ConversionEvent, EventName, LedgerRow, LedgerStatus, PaymentId, PixelId

NOW_MS = 1_790_000_000_000
UNDOCUMENTED = 999_999
ROW = LedgerRow(
    event=ConversionEvent(
        pixel_id=PixelId("1"),
        event_name=EventName.PURCHASE,
        event_id="purchase_9326",
        event_time_s=NOW_MS // 1000 - 3_600,
        payload={},
        payment_id=PaymentId("9326"),
    ),
    status=LedgerStatus.QUEUED,
    created_at_ms=NOW_MS,
    updated_at_ms=NOW_MS,
)
NAMED = (
    *sorted(answer._UNKNOWN | answer._THROTTLED | answer._NO_ACCESS),
    answer._BLOCKED_BY_POLICY,
    answer._INVALID_PARAMETER,
    answer._UNKNOWN_OBJECT,
)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", NAMED)
def test_every_code_that_the_sender_names_has_a_meaning(code: int, language: Language) -> None:
    meaning = meaning_of_error(code, None, language)
    assert meaning.text
    assert meaning.remedy
    assert meaning != meaning_of_error(UNDOCUMENTED, None, language)


@pytest.mark.parametrize("language", Language)
def test_the_missing_object_is_told_from_a_bad_parameter(language: Language) -> None:
    missing = meaning_of_error(answer._INVALID_PARAMETER, answer._OBJECT_MISSING_SUBCODE, language)
    assert missing != meaning_of_error(answer._INVALID_PARAMETER, None, language)


@pytest.mark.parametrize("code", NAMED)
def test_the_languages_differ(code: int) -> None:
    assert meaning_of_error(code, None, Language.PT) != meaning_of_error(code, None, Language.EN)


def test_an_unknown_subcode_falls_back_to_its_code() -> None:
    assert meaning_of_error(190, 7, Language.EN) == meaning_of_error(190, None, Language.EN)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("fate", Fate)
def test_every_fate_has_a_meaning(fate: Fate, language: Language) -> None:
    assert meaning_of_fate(fate, language).text


@pytest.mark.parametrize(
    ("row", "fate"),
    [
        (replace(ROW, status=LedgerStatus.HELD), Fate.HELD),
        (ROW, Fate.QUEUED),
        (replace(ROW, attempts=1), Fate.RETRIED),
        (replace(ROW, attempts=1, doubtful_sends=1), Fate.DOUBTFUL),
        (replace(ROW, status=LedgerStatus.SENDING, claimed_until_ms=NOW_MS + 1), Fate.SENDING),
        (replace(ROW, status=LedgerStatus.SENDING, claimed_until_ms=NOW_MS - 1), Fate.LAPSED),
        (replace(ROW, status=LedgerStatus.PARKED, error_code=190), Fate.PARKED),
        (replace(ROW, status=LedgerStatus.PARKED), Fate.NO_TOKEN),
        (replace(ROW, status=LedgerStatus.REJECTED, error_code=100), Fate.REJECTED),
        (replace(ROW, status=LedgerStatus.EXPIRED, updated_at_ms=NOW_MS + 7 * DAY_MS), Fate.EXPIRED),
        (replace(ROW, status=LedgerStatus.EXPIRED, updated_at_ms=NOW_MS + 2 * DAY_MS, doubtful_sends=1), Fate.GIVEN_UP),
        (replace(ROW, status=LedgerStatus.EXPIRED, updated_at_ms=NOW_MS + 7 * DAY_MS, doubtful_sends=1), Fate.EXPIRED),
        (replace(ROW, status=LedgerStatus.ACCEPTED), Fate.ACCEPTED),
        (replace(ROW, status=LedgerStatus.ACCEPTED, doubtful_sends=1), Fate.ACCEPTED_AGAIN),
    ],
)
def test_a_row_tells_its_fate(row: LedgerRow, fate: Fate) -> None:
    assert fate_of(row, NOW_MS) is fate
