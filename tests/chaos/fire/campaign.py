"""One run under fire: the load, the two lanes of faults, an hour in which no stream is read, and the reckoning."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from rastro.tracking import token as start_token
from rastro.tracking.signing import SigningKeys
from stack.progress import Progress
from stack.seed import STAGE
from tests.chaos.fire.buyers import OF_TWENTY, Buyer, Crowd
from tests.chaos.fire.ground import Ground, own_ground
from tests.chaos.fire.verdict import Findings, Spell, judge, read_books, unsettled
from tests.chaos.fire.weather import STREAMS, Arms, AwsRules, Fault, Lane

AT_ONCE = 24
"""Buyers at the same time: past that nobody new comes, so that a slow machine is not buried."""
HOUR_SECONDS = 3_600
BUYERS_IN_THE_HOUR = 10
SETTLE_SECONDS = 90.0
LONGEST_SECONDS = 9.0
"""How long a fault waits at most until it meets a request."""
_CALM_SECONDS = 1.0
"""Between two faults of a lane."""
_STEP_SECONDS = 600
_STEP_EVERY_SECONDS = 6.0
"""While sales are still unsettled, the clock goes ten minutes forward each six seconds."""

THE_HOUR = Fault(name="no stream read for an hour", begin=lambda _arms: None, end=lambda _arms: None)


class Campaign:
    """One run on a ground."""

    def __init__(
        self, ground: Ground, rules: AwsRules, faults: Sequence[Fault], rate: float, tell: Callable[[str], None]
    ) -> None:
        """Take the ground, its proxy's rules, the faults, buyers a second, and whom to tell how it goes."""
        self._ground = ground
        self._arms = Arms(ground, rules)
        self._faults = faults
        self._rate = rate
        self._tell = tell
        self._began = time.monotonic()
        self._crowd = Crowd(ground, self._seconds)
        self._buyers: list[Buyer] = []
        self._spells: list[Spell] = []
        self._lock = threading.Lock()
        self._ahead_seconds = 0

    def run(self, *, hour: bool = True) -> Findings:
        """Do it all; without the ``hour`` its time passes too, but nobody buys in it."""
        self._warm_up()
        self._began = time.monotonic()
        load_seconds = self._under_fire()
        under_load = len(self._buyers)
        if hour:
            self._through_the_hour()
        else:
            self._let_time_pass(HOUR_SECONDS)
        self._settle()
        for buyer in self._buyers:
            if buyer.trick == "notice late" and buyer.paid:
                self._crowd.late_notice(buyer)
        self._wait_for_sales()
        return self._reckon(load_seconds, under_load)

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _warm_up(self) -> None:
        """Let every function start once: what is told of here is faults, not first starts."""
        self._crowd.play(Buyer(OF_TWENTY * 5_000))

    def _under_fire(self) -> float:
        """Let buyers come while both lanes run, and return for how long they came."""
        sides = (Lane.INSIDE, Lane.OUTSIDE)
        lanes = [threading.Thread(target=self._lane, args=(lane,), name=f"lane {lane}") for lane in sides]
        for lane in lanes:
            lane.start()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="buyer") as pool:
            going: set[Future[None]] = set()
            while any(lane.is_alive() for lane in lanes):
                going = {future for future in going if not future.done()}
                if len(going) < AT_ONCE:
                    going.add(pool.submit(self._crowd.play, self._next_buyer()))
                time.sleep(1 / self._rate)
            seconds = self._seconds()
            self._tell(f"{len(self._buyers)} buyers in {seconds:.0f} s; the last {len(going)} are on their way")
        return seconds

    def _next_buyer(self) -> Buyer:
        self._buyers.append(Buyer(len(self._buyers)))
        return self._buyers[-1]

    def _lane(self, lane: Lane) -> None:
        for fault in self._faults:
            if fault.lane is lane:
                begin = self._seconds()
                fault.begin(self._arms)
                time.sleep(fault.seconds)
                while (hits := fault.hits(self._arms)) == 0 and self._seconds() < begin + LONGEST_SECONDS:
                    time.sleep(0.3)
                fault.end(self._arms)
                self._note(Spell(fault, begin, self._seconds(), hits))
                time.sleep(_CALM_SECONDS)

    def _note(self, spell: Spell) -> None:
        with self._lock:
            self._spells.append(spell)
        self._tell(f"{spell.begin:6.1f} s  {spell.fault.name}")

    def _through_the_hour(self) -> None:
        """Let people buy while no stream is read, an hour pass, and the streams go on."""
        begin = self._seconds()
        for stream in STREAMS:
            self._ground.switch_stream(stream, on=False)
        with ThreadPoolExecutor(BUYERS_IN_THE_HOUR) as pool:
            list(pool.map(self._crowd.play, [self._next_buyer() for _ in range(BUYERS_IN_THE_HOUR)]))
        self._let_time_pass(HOUR_SECONDS)
        time.sleep(2)
        for stream in STREAMS:
            self._ground.switch_stream(stream, on=True)
        self._note(Spell(THE_HOUR, begin, self._seconds()))
        self._lane(Lane.AFTERWARDS)

    def _settle(self) -> None:
        """Wait until every sale is through, and do what an operator would: resume what is still parked."""
        self._arms.resume_pixel()
        self._wait_for_sales()
        self._arms.resume_pixel()

    def _wait_for_sales(self) -> None:
        began = stepped = time.monotonic()
        while time.monotonic() < began + SETTLE_SECONDS:
            left = unsettled(self._ground.items("payment"), self._ground.lab("GET", "pix/charges"))
            if not left:
                break
            if time.monotonic() > stepped + _STEP_EVERY_SECONDS:
                self._let_time_pass(_STEP_SECONDS)
                stepped = time.monotonic()
            time.sleep(0.5)
        self._tell(f"{f'unsettled: {left}' if left else 'all settled'} after {time.monotonic() - began:.0f} s")

    def _let_time_pass(self, seconds: int) -> None:
        self._ahead_seconds += seconds
        self._ground.put_clock_forward(self._ahead_seconds)

    def _reckon(self, load_seconds: float, under_load: int) -> Findings:
        books = read_books(self._ground, self._buyers, self._recoverable())
        self._tell("the books are read")
        spells = sorted(self._spells, key=lambda spell: spell.begin)
        return Findings(
            verdicts=[judge(buyer, books, spells) for buyer in self._buyers],
            spells=spells,
            load_seconds=load_seconds,
            under_load=under_load,
            spare_charges=len(books.charges) - len({charge["payment_id"] for charge in books.charges}),
        )

    def _recoverable(self) -> frozenset[str]:
        """Return the tokens that tell of their click with every store lost: signed by our key, their campaign's names known."""
        ssm = self._ground.stack.client("ssm")
        secret = ssm.get_parameter(Name=f"/rastro/{STAGE}/signing-keys", WithDecryption=True)["Parameter"]["Value"]
        keys = SigningKeys.from_secret(secret)
        campaigns = {item["slug"].removeprefix("campaign#") for item in self._ground.items("funnel")} | {start_token.NO_CAMPAIGN}
        found = set()
        for buyer in self._buyers:
            for value in buyer.tokens:
                parsed = start_token.parse(keys, value)
                if parsed is not None and parsed.campaign_ref in campaigns:
                    found.add(value)
        return frozenset(found)


def run_under_fire(
    progress: Progress,
    faults: Sequence[Fault],
    *,
    rate: float,
    hour: bool = True,
    tell: Callable[[str], None] = lambda _line: None,
) -> Findings:
    """Start a stack, run the campaign on it, and stop it."""
    rules: list[AwsRules] = []

    def rule_of(tables: dict[str, str]) -> AwsRules:
        rules.append(AwsRules(tables))
        return rules[0]

    with own_ground(progress, rule_of) as ground:  # type: ignore[arg-type] # a dict is a Mapping
        try:
            return Campaign(ground, rules[0], faults, rate, tell).run(hour=hour)
        finally:
            with suppress(Exception):
                rules[0].put(None)
