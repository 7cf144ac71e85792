"""Funnels, the bots that they name, and the campaigns seen, in DynamoDB; and a memory that a container keeps for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from rastro.errors import Conflict, StoreUnavailable
from rastro.model import BotId, BotProfile, Campaign, Funnel, Slug
from rastro.stores import keys
from rastro.stores.dynamodb import Condition, Table, version_is
from rastro.stores.items import (
    bot_profile_item,
    bot_profile_of,
    campaign_item,
    campaign_of,
    funnel_item,
    funnel_of,
)
from rastro.stores.ports import FunnelStore

MEMORY_MS = 15_000
"""How long a container works with a funnel before it reads it again."""

PATIENCE_MS = 5_000
"""How long it works with what it knows before it asks a store again that did not answer."""
WRITE_ATTEMPTS = 8
CAMPAIGNS_KNOWN = 10_000
"""How many campaigns a container knows to be stored, before it forgets them all."""

_T = TypeVar("_T")


class DynamoFunnelStore:
    """The funnel table: funnels by slug, and beside them ``bot#{bot_id}`` and ``campaign#{ref}``."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def get(self, slug: Slug) -> Funnel | None:
        """Return a funnel; a slug has no ``#``, so what stands beside the funnels is never taken for one."""
        item = self._table.get({"slug": slug}) if "#" not in slug else None
        return funnel_of(item) if item else None

    def put(self, funnel: Funnel) -> None:
        """Store a funnel and name it to its bots, and no longer to those that it had before."""
        before = self.get(funnel.slug)
        self._table.put(funnel_item(funnel))
        self._name(funnel.slug)
        for bot in before.bots if before else ():
            profile = self.bot(bot.bot_id) if funnel.bot(bot.bot_id) is None else None
            if profile is not None:
                slugs = tuple(slug for slug in profile.slugs if slug != funnel.slug)
                self._table.put({"slug": keys.BOT_ITEM + bot.bot_id} | bot_profile_item(replace(profile, slugs=slugs)))
        for bot in funnel.bots:
            known = self.bot(bot.bot_id)
            slugs = known.slugs if known else ()
            more = () if funnel.slug in slugs else (funnel.slug,)
            profile = BotProfile(bot_id=bot.bot_id, username=bot.username, slugs=slugs + more)
            self._table.put({"slug": keys.BOT_ITEM + bot.bot_id} | bot_profile_item(profile))

    def slugs(self) -> Sequence[Slug]:
        """Return the names of every funnel, from the one item that lists them."""
        item = self._table.get({"slug": keys.FUNNELS_ITEM})
        return sorted(Slug(slug) for slug in (item or {}).get("slugs", ()))

    def _name(self, slug: Slug) -> None:
        """Add a funnel to the list of all; raises ``Conflict`` when others keep adding at the same time."""
        for attempt in range(WRITE_ATTEMPTS):
            item = self._table.get({"slug": keys.FUNNELS_ITEM}) or {}
            if slug in item.get("slugs", ()):
                return
            version = int(item.get("version", 0))
            listed = {"slug": keys.FUNNELS_ITEM, "slugs": [*item.get("slugs", ()), slug], "version": version + 1}
            try:
                self._table.put(listed, version_is(version))
            except Conflict:
                if attempt == WRITE_ATTEMPTS - 1:
                    raise
            else:
                return

    def bot(self, bot_id: BotId) -> BotProfile | None:
        """Return what is known of a bot."""
        item = self._table.get({"slug": keys.BOT_ITEM + bot_id})
        return bot_profile_of(item) if item else None

    def campaign(self, ref: str) -> Campaign | None:
        """Return the names behind a campaign's short id."""
        item = self._table.get({"slug": keys.CAMPAIGN_ITEM + ref})
        return campaign_of(item) if item else None

    def remember_campaign(self, ref: str, campaign: Campaign, *, seen_at_ms: int) -> None:
        """Keep the names behind a campaign's short id, unless it has some."""
        item = campaign_item(campaign) | {
            "slug": keys.CAMPAIGN_ITEM + ref,
            "expires_at": keys.expires_at(seen_at_ms, keys.CAMPAIGN_LIFETIME_MS),
        }
        try:
            self._table.put(item, Condition("attribute_not_exists(slug)", {}, {}))
        except Conflict:
            return


class CachedFunnelStore:
    """A memory before a funnel store: short while the store answers, as long as needed while it does not."""

    def __init__(self, inner: FunnelStore, now_ms: Callable[[], int], memory_ms: int = MEMORY_MS) -> None:
        """Take the store behind and the clock."""
        self._inner = inner
        self._now_ms = now_ms
        self._memory_ms = memory_ms
        self._funnels: dict[str, tuple[int, Funnel | None]] = {}
        self._bots: dict[str, tuple[int, BotProfile | None]] = {}
        self._campaigns: set[str] = set()

    def get(self, slug: Slug) -> Funnel | None:
        """Return a funnel."""
        return self._remembered(self._funnels, slug, lambda: self._inner.get(slug))

    def put(self, funnel: Funnel) -> None:
        """Store a funnel."""
        self._inner.put(funnel)
        self._funnels.clear()
        self._bots.clear()

    def slugs(self) -> Sequence[Slug]:
        """Return the names of every funnel, as they are now."""
        return self._inner.slugs()

    def bot(self, bot_id: BotId) -> BotProfile | None:
        """Return what is known of a bot."""
        return self._remembered(self._bots, bot_id, lambda: self._inner.bot(bot_id))

    def campaign(self, ref: str) -> Campaign | None:
        """Return the names behind a campaign's short id."""
        return self._inner.campaign(ref)

    def remember_campaign(self, ref: str, campaign: Campaign, *, seen_at_ms: int) -> None:
        """Keep the names behind a campaign's short id; every click names one, and few are new."""
        if ref in self._campaigns:
            return
        self._inner.remember_campaign(ref, campaign, seen_at_ms=seen_at_ms)
        if len(self._campaigns) >= CAMPAIGNS_KNOWN:
            self._campaigns.clear()
        self._campaigns.add(ref)

    def _remembered(self, memory: dict[str, tuple[int, _T | None]], key: str, read: Callable[[], _T | None]) -> _T | None:
        now_ms = self._now_ms()
        read_at_ms, known = memory.get(key, (0, None))
        if known is not None and now_ms - read_at_ms < self._memory_ms:
            return known
        try:
            found = read()
        except StoreUnavailable:
            if known is None:
                raise
            memory[key] = (now_ms - self._memory_ms + min(PATIENCE_MS, self._memory_ms), known)
            return known
        # Absence is not remembered: anybody can ask for slugs that do not exist, and a new funnel works at once.
        if found is not None:
            memory[key] = (now_ms, found)
        else:
            memory.pop(key, None)
        return found
