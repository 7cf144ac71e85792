"""Ten thousand purchases while Graph and the senders fail: each ends where it should, each double is on record."""

from __future__ import annotations

import pytest

from tests.campaign.campaign import Campaign
from tests.campaign.weather import SPELLS

pytestmark = pytest.mark.integration

PURCHASES = 10_000


def test_every_valid_purchase_is_accepted_and_only_what_nobody_could_know_is_doubled(lab_url: str) -> None:
    findings = Campaign(lab_url, PURCHASES).run()

    assert findings.problems() == []
    assert findings.accepted == findings.valid == PURCHASES - PURCHASES // 100
    assert findings.resumed > 0
    assert findings.doubled_recorded > 0
    assert {str(spell.fault["mode"]) for spell in SPELLS} < set(findings.requests_by_fault)
