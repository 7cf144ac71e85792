"""What ``FunnelStore`` promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.model import BotId, BotProfile, Campaign, FunnelBot, Slug
from rastro.stores.ports import FunnelStore
from tests.contracts.records import BOT_ID, CAMPAIGN, FUNNEL, NOW_MS


class FunnelStoreContract:
    """A subclass gives a ``store`` that is empty."""

    @pytest.fixture
    def store(self) -> FunnelStore:
        raise NotImplementedError

    def test_a_funnel_comes_back_as_it_was_put(self, store: FunnelStore) -> None:
        store.put(FUNNEL)
        assert store.get(FUNNEL.slug) == FUNNEL

    def test_a_changed_funnel_takes_the_place_of_the_old_one(self, store: FunnelStore) -> None:
        store.put(FUNNEL)
        assert store.get(FUNNEL.slug) == FUNNEL
        store.put(replace(FUNNEL, products=(), texts={}))
        assert store.get(FUNNEL.slug) == replace(FUNNEL, products=(), texts={})

    @pytest.mark.parametrize("slug", ["nothing", f"bot#{BOT_ID}", "campaign#ab12", "funnels#"])
    def test_what_is_no_funnel_is_none(self, store: FunnelStore, slug: str) -> None:
        store.put(FUNNEL)
        store.remember_campaign("ab12", CAMPAIGN, seen_at_ms=NOW_MS)
        assert store.get(Slug(slug)) is None

    def test_a_bot_knows_the_funnels_that_lead_to_it_its_first_one_first(self, store: FunnelStore) -> None:
        assert store.bot(BOT_ID) is None
        store.put(FUNNEL)
        store.put(replace(FUNNEL, slug=Slug("another")))
        store.put(FUNNEL)
        assert store.bot(BOT_ID) == BotProfile(bot_id=BOT_ID, username="rastro_demo_bot", slugs=(Slug("demo"), Slug("another")))
        assert store.bot(BotId("7")) is None

    def test_every_funnel_is_listed_once(self, store: FunnelStore) -> None:
        assert store.slugs() == []
        store.put(FUNNEL)
        store.put(replace(FUNNEL, slug=Slug("another")))
        store.put(FUNNEL)
        assert store.slugs() == ["another", FUNNEL.slug]

    def test_a_bot_that_a_funnel_no_longer_has_is_no_longer_led_to_by_it(self, store: FunnelStore) -> None:
        store.put(FUNNEL)
        store.put(replace(FUNNEL, slug=Slug("another")))
        store.put(replace(FUNNEL, bots=(FunnelBot(bot_id=BotId("8"), username="outro_bot"),)))
        assert store.bot(BOT_ID) == BotProfile(bot_id=BOT_ID, username="rastro_demo_bot", slugs=(Slug("another"),))

    def test_a_renamed_bot_has_its_new_name(self, store: FunnelStore) -> None:
        store.put(FUNNEL)
        store.put(replace(FUNNEL, bots=(FunnelBot(bot_id=BOT_ID, username="novo_bot"),)))
        assert store.bot(BOT_ID) == BotProfile(bot_id=BOT_ID, username="novo_bot", slugs=(FUNNEL.slug,))

    def test_the_first_names_of_a_campaign_stay(self, store: FunnelStore) -> None:
        assert store.campaign("ab12") is None
        store.remember_campaign("ab12", CAMPAIGN, seen_at_ms=NOW_MS)
        store.remember_campaign("ab12", Campaign(utm_source="outra"), seen_at_ms=NOW_MS + 1)
        assert store.campaign("ab12") == CAMPAIGN
