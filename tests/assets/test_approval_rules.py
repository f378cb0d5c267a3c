"""Whatever people try in whatever order: nothing is live without the signatures of both teams on its very text."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import approval, drafts, freshness, states
from hub.assets.models import Asset, Decision, Publication, PublicationKind, Review, Status, Version
from hub.db import Database
from hub.errors import HubError
from hub.events.models import Event
from hub.people.roles import HUB, Actor, Role, Team
from tests.factories.assets import make_text
from tests.factories.people import actor

PEOPLE = [(team, role) for team in ("sales", "marketing", "other") for role in ("reader", "contributor", "approver")]
# Places in `people`. Those who may do something come up more often: what everybody is refused finds nothing.
persons = st.sampled_from([2, 5, 2, 5, 1, 9, 10, 8, 11, 0, 4])
authors = st.sampled_from([1, 2, 5])
teams = st.sampled_from([Team.SALES, Team.MARKETING, Team.OTHER])


class JointApproval(RuleBasedStateMachine):
    """Arbitrary people take arbitrary steps on one asset; refusals are fine, a wrongly live text is not."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.offset = timedelta()
        with self.database.transaction() as session:
            self.people = [actor(session, team=team, role=role) for team, role in PEOPLE]
            self.people += [actor(session, team="other", role="admin"), actor(session, team="sales", role="admin")]
            self.people.append(HUB)
            made = drafts.create_asset(
                session,
                self.people[1],
                drafts.NewAsset(slug=f"a-{id(self)}-{clock.now():%H%M%S%f}", text=make_text(session)),
            )
            self.slug = made.slug

    def step(self, act: Any) -> None:
        with clock.shifted(self.offset), self.database.transaction() as session:
            asset = drafts.locked(session, self.slug)
            try:
                with session.begin_nested():
                    act(session, asset)
            except HubError:
                session.expire_all()

    def acting(self, who: int, team: Team | None = None) -> Actor:
        person = self.people[who]
        if team is None or person.id is None:
            return person
        return Actor(person.id, person.email, person.name, team, person.role)

    @rule(who=persons, body=st.sampled_from(["one", "two", "three"]))
    def write(self, who: int, body: str) -> None:
        self.step(
            lambda session, asset: drafts.write_version(
                session,
                self.acting(who),
                asset,
                make_text(session, title="T", body=body),
                base_number=asset.head_number,
            )
        )

    @rule(who=persons, older=st.integers(0, 1))
    def submit(self, who: int, older: int) -> None:
        self.step(lambda session, asset: approval.submit(session, self.acting(who), asset, asset.head_number - older))

    @rule(who=authors, body=st.sampled_from(["one", "two", "three"]))
    def propose(self, who: int, body: str) -> None:
        """Write and submit, as an author does."""
        self.write(who, body)
        self.submit(who, 0)

    @rule(who=persons)
    def withdraw(self, who: int) -> None:
        self.step(lambda session, asset: approval.withdraw(session, self.acting(who), asset, asset.head_number))

    @rule(who=persons, team=teams, moved=st.booleans(), decision=st.sampled_from(Decision), older=st.integers(0, 2))
    def review(self, who: int, team: Team, moved: bool, decision: Decision, older: int) -> None:
        """`moved`: the person is moved to the team first, as an admin could do between two signatures."""

        def act(session: Session, asset: Asset) -> None:
            number = max(1, asset.head_number - older)
            version = session.exec(select(Version).where(Version.asset_id == asset.id, Version.number == number)).one()
            approval.review(
                session, self.acting(who, team if moved else None), asset, number, team=team, decision=decision,
                content_hash=version.content_hash, note="why",
            )  # fmt: skip

        self.step(act)

    @rule(
        first=st.sampled_from([2, 5, 10]), second=st.sampled_from([2, 5, 10]), interlude=st.sampled_from(["", "write"])
    )
    def sign_in_turn(self, first: int, second: int, interlude: str) -> None:
        """Submitted, then signed for both teams, perhaps by one person, perhaps with a new text in between."""
        self.submit(1, 0)
        self.approve_newest(first, Team.SALES)
        if interlude:
            self.write(1, "in between")
        self.approve_newest(second, Team.MARKETING)

    @rule(who=st.sampled_from([2, 5, 10]), team=st.sampled_from([Team.SALES, Team.MARKETING]))
    def approve_newest(self, who: int, team: Team) -> None:
        """Approvers who sign for any team, their own or not: the step that must be refused when it is the second."""

        def act(session: Session, asset: Asset) -> None:
            head = drafts.head_of(session, asset)
            approval.review(
                session, self.acting(who, team), asset, head.number, team=team, decision=Decision.APPROVED,
                content_hash=head.content_hash,
            )  # fmt: skip

        self.step(act)

    @rule(who=persons)
    def publish_urgently(self, who: int) -> None:
        def act(session: Session, asset: Asset) -> None:
            head = drafts.head_of(session, asset)
            approval.publish_urgently(
                session, self.acting(who), asset, head.number, reason="now", content_hash=head.content_hash, days=2
            )

        self.step(act)

    @rule(who=persons)
    def retire(self, who: int) -> None:
        self.step(lambda session, asset: approval.retire(session, self.acting(who), asset))

    @rule(who=persons)
    def bring_back(self, who: int) -> None:
        self.step(lambda session, asset: approval.bring_back(session, self.acting(who), asset))

    @rule(days=st.integers(0, 3))
    def time_passes(self, days: int) -> None:
        self.offset += timedelta(days=days, seconds=1)
        with clock.shifted(self.offset):
            freshness.act_on_dates(self.database)

    @invariant()
    def what_is_live_is_signed_by_both_teams(self) -> None:
        with clock.shifted(self.offset), self.database.reading() as session:
            asset = session.exec(select(Asset).where(Asset.slug == self.slug)).one()
            live = states.open_publication(session, asset)
            assert (live.version_id if live else None) == asset.live_version_id
            if live is None or live.kind == PublicationKind.IMPORTED:
                return
            if live.kind == PublicationKind.URGENT:
                assert live.lapses_at is not None
                return
            self.require_signatures(session, live)

    def require_signatures(self, session: Session, live: Publication) -> None:
        version = session.get_one(Version, live.version_id)
        latest: dict[str, Review] = {}
        given_before = select(Review).where(
            Review.version_id == version.id, col(Review.reviewed_at) <= live.published_at
        )
        for made in session.exec(given_before.order_by(col(Review.id))):
            latest[made.team] = made
        assert set(latest) == {"sales", "marketing"}
        assert {made.decision for made in latest.values()} == {Decision.APPROVED}
        assert len({made.reviewer_id for made in latest.values()}) == 2
        assert {made.content_hash for made in latest.values()} == {version.content_hash}
        assert all(self.role_of(made.reviewer_id) in (Role.APPROVER, Role.ADMIN) for made in latest.values())

    def role_of(self, person_id: int) -> Role:
        return next(person.role for person in self.people if person.id == person_id)

    @invariant()
    def at_most_one_publication_is_open_and_the_status_follows(self) -> None:
        with clock.shifted(self.offset), self.database.reading() as session:
            asset = session.exec(select(Asset).where(Asset.slug == self.slug)).one()
            open_ones = session.exec(
                select(Publication).where(Publication.asset_id == asset.id, col(Publication.ended_at).is_(None))
            ).all()
            assert len(open_ones) <= 1
            if asset.status == Status.PUBLISHED:
                assert open_ones

    @precondition(lambda self: self.slug)
    @rule()
    def every_publication_has_its_event(self) -> None:
        with self.database.reading() as session:
            asset = session.exec(select(Asset).where(Asset.slug == self.slug)).one()
            made = session.exec(select(Publication).where(Publication.asset_id == asset.id)).all()
            names = ["asset.published", "asset.published_urgently", "asset.urgent_lapsed"]
            events = session.exec(select(Event).where(Event.subject_id == asset.id, col(Event.name).in_(names))).all()
            assert len(events) >= len(made)


@pytest.mark.parametrize("steps", [50])
def test_nothing_is_live_without_two_people_of_two_teams_on_its_hash(
    steps: int, sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    machine = type("OnThisDatabase", (JointApproval,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    database.close()
