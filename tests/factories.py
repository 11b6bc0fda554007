"""Rows for tests: one typed factory per model, each of them valid as it is."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.models import Group, User
from django.utils import timezone
from factory.django import DjangoModelFactory

from connector.models import AuditEvent, Connection, ProbeRun, Tenant
from portal.score.alert_models import Alert, AlertRule
from portal.score.effect_models import TicketEffect
from portal.score.list_models import Export, SavedView
from portal.score.models import ControlProfile, ControlScore, ScoreEvent, Snapshot
from portal.score.share_plan_models import SharePlan
from tickets.instance_models import InstanceProfile, TableColumn
from tickets.models import (
    Adoption,
    Category,
    Delivery,
    Kind,
    Priority,
    Source,
    StateRevision,
    SyncCursor,
    Ticket,
    TicketEvent,
    TicketState,
)
from tickets.support.call_models import ConnectorCall
from tickets.support.health_models import (
    HealthService,
    IssueMatch,
    IssuePost,
    ServiceIssue,
    ServiceMessage,
)
from tickets.support.models import (
    LinkedPerson,
    Repository,
    SupportIntegration,
    SupportUser,
)
from tickets.support.service_requests.models import (
    InboundReceipt,
    RequestDelivery,
    RequestUpdate,
    ServiceRequest,
)
from tickets.support.solutions.models import Document, KnowledgeSource, Solution

PASSWORD = "correct horse battery staple"


class TenantFactory(DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant

    name = factory.Sequence(lambda n: f"Contoso {n}")
    slug = factory.Sequence(lambda n: f"contoso-{n}")


class UserFactory(DjangoModelFactory[User]):
    """A person; `role` names a role of portal.roles, `tenant` an organisation."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person.{n}")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def role(self: User, create: bool, extracted: str | None, **_: Any) -> None:
        if extracted:
            self.groups.add(Group.objects.get(name=extracted))

    @factory.post_generation
    def tenant(self: User, create: bool, extracted: Tenant | None, **_: Any) -> None:
        if extracted:
            self.tenants.add(extracted)


class ConnectionFactory(DjangoModelFactory[Connection]):
    """A working connection; `draft=True` for one that was not authorized yet."""

    class Meta:
        model = Connection

    class Params:
        draft = factory.Trait(
            status=Connection.Status.DRAFT,
            cards_enabled=False,
            access_token="",
            access_token_expires_at=None,
            refresh_token="",
            refresh_token_expires_at=None,
            authorized_at=None,
            remote_user_name="",
        )
        broken = factory.Trait(
            status=Connection.Status.BROKEN,
            last_error_code="invalid_grant",
            last_error_words="access_denied",
            last_error_at=factory.LazyFunction(timezone.now),
        )

    tenant = factory.SubFactory(TenantFactory)
    base_url = factory.Sequence(lambda n: f"https://contoso{n}.service-now.com")
    # Pass False for a second one of the same organisation.
    is_default = True
    client_id = factory.Sequence(lambda n: f"client-{n}")
    client_secret = "client-secret"
    integration_user = "m365.integration"
    status = Connection.Status.CONNECTED
    cards_enabled = True
    access_token = "access-token"
    access_token_expires_at = factory.LazyFunction(
        lambda: timezone.now() + timedelta(minutes=30)
    )
    refresh_token = "refresh-token"
    refresh_token_expires_at = factory.LazyFunction(
        lambda: timezone.now() + timedelta(days=100)
    )
    authorized_at = factory.LazyFunction(timezone.now)
    remote_user_name = factory.SelfAttribute("integration_user")


class ProbeRunFactory(DjangoModelFactory[ProbeRun]):
    """A round of questions that has ended."""

    class Meta:
        model = ProbeRun

    connection = factory.SubFactory(ConnectionFactory)
    finished_at = factory.LazyFunction(timezone.now)


class TicketFactory(DjangoModelFactory[Ticket]):
    """A ticket not yet sent; `delivered=True` for one that is in ServiceNow."""

    class Meta:
        model = Ticket

    class Params:
        delivered = factory.Trait(
            sys_id=factory.LazyFunction(lambda: uuid.uuid4().hex),
            number=factory.Sequence(lambda n: f"CHG{30001 + n:07}"),
            remote_state="-5",
            remote_priority="4",
            remote_updated_at=factory.LazyFunction(timezone.now),
            remote_mod_count=0,
            delivered_at=factory.LazyFunction(timezone.now),
            synced_at=factory.LazyFunction(timezone.now),
        )

    connection = factory.SubFactory(ConnectionFactory)
    tenant = factory.SelfAttribute("connection.tenant")
    is_test = factory.SelfAttribute("connection.is_test")
    kind = Kind.CHANGE_REQUEST
    name = factory.Sequence(lambda n: f"Require MFA for administrators {n}")
    description = "Reduce the risk of stolen passwords."
    priority = Priority.MEDIUM
    source = Source.MICROSOFT
    category = Category.IDENTITY
    created_by_name = "security.admin"


class DeliveryFactory(DjangoModelFactory[Delivery]):
    """A delivery that is due now."""

    class Meta:
        model = Delivery

    ticket = factory.SubFactory(TicketFactory)
    due_at = factory.LazyFunction(timezone.now)


class TicketEventFactory(DjangoModelFactory[TicketEvent]):
    class Meta:
        model = TicketEvent

    ticket = factory.SubFactory(TicketFactory)
    action = TicketEvent.Action.CREATED


class TicketStateFactory(DjangoModelFactory[TicketState]):
    class Meta:
        model = TicketState

    connection = factory.SubFactory(ConnectionFactory)
    tenant = factory.SelfAttribute("connection.tenant")
    kind = Kind.CHANGE_REQUEST
    value = factory.Sequence(str)
    default_label = factory.Sequence(lambda n: f"State {n}")
    category = "open"
    sequence = factory.Sequence(lambda n: n)


class AdoptionFactory(DjangoModelFactory[Adoption]):
    """Tickets of a connection that are to be compared."""

    class Meta:
        model = Adoption

    source = factory.SubFactory(ConnectionFactory)
    tenant = factory.SelfAttribute("source.tenant")
    target = factory.SubFactory(
        ConnectionFactory, tenant=factory.SelfAttribute("..tenant"), is_default=False
    )


class StateRevisionFactory(DjangoModelFactory[StateRevision]):
    """A change of nothing; give `before` and `after` as the model keeps them."""

    class Meta:
        model = StateRevision

    connection = factory.SubFactory(ConnectionFactory)
    kind = Kind.CHANGE_REQUEST
    actor_name = "helpdesk.admin"
    source = StateRevision.Source.EDIT
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []


class InstanceProfileFactory(DjangoModelFactory[InstanceProfile]):
    """A field mapping that changes nothing."""

    class Meta:
        model = InstanceProfile

    connection = factory.SubFactory(ConnectionFactory)
    kind = Kind.INCIDENT


class TableColumnFactory(DjangoModelFactory[TableColumn]):
    """A column the dictionary lists."""

    class Meta:
        model = TableColumn

    connection = factory.SubFactory(ConnectionFactory)
    table = Kind.INCIDENT
    element = factory.Sequence(lambda n: f"u_column_{n}")
    label = factory.Sequence(lambda n: f"Column {n}")
    is_listed = True


class SyncCursorFactory(DjangoModelFactory[SyncCursor]):
    class Meta:
        model = SyncCursor

    connection = factory.SubFactory(ConnectionFactory)


class SnapshotFactory(DjangoModelFactory[Snapshot]):
    """The score of a day; each further one is of the day before."""

    class Meta:
        model = Snapshot

    tenant = factory.SubFactory(TenantFactory)
    date = factory.Sequence(lambda n: timezone.localdate() - timedelta(days=n))
    current_score = 120.0
    max_score = 300.0
    active_user_count = 40
    licensed_user_count = 50
    calculated_at = factory.LazyFunction(timezone.now)


class ControlProfileFactory(DjangoModelFactory[ControlProfile]):
    class Meta:
        model = ControlProfile

    tenant = factory.SubFactory(TenantFactory)
    control_id = factory.Sequence(lambda n: f"Control{n}")
    title = factory.Sequence(lambda n: f"Improvement action {n}")
    category = "Identity"
    service = "Azure Active Directory"
    tier = "Core"
    action_type = "Config"
    action_url = "https://portal.example.com/action"
    max_score = 10.0
    rank = factory.Sequence(lambda n: n + 1)
    user_impact = ControlProfile.Level.LOW
    implementation_cost = ControlProfile.Level.LOW
    remediation = "<p>Turn it on.</p>"
    remediation_impact = "<p>People are asked once.</p>"
    threats = ["accountBreach"]
    score = 2.0
    description = "Why it matters."


class ControlScoreFactory(DjangoModelFactory[ControlScore]):
    class Meta:
        model = ControlScore

    snapshot = factory.SubFactory(SnapshotFactory)
    control_id = factory.Sequence(lambda n: f"Control{n}")
    category = "Identity"
    score = 2.0


class TicketEffectFactory(DjangoModelFactory[TicketEffect]):
    """A closed ticket that nobody has judged yet."""

    class Meta:
        model = TicketEffect

    ticket = factory.SubFactory(TicketFactory, delivered=True)
    tenant = factory.SelfAttribute("ticket.tenant")
    control_id = factory.Sequence(lambda n: f"Control{n}")
    closed_at = factory.LazyFunction(timezone.now)


class SharePlanFactory(DjangoModelFactory[SharePlan]):
    """A plan of nothing that waits to be shared."""

    class Meta:
        model = SharePlan

    tenant = factory.SubFactory(TenantFactory)


class ScoreEventFactory(DjangoModelFactory[ScoreEvent]):
    """Points that regressed today."""

    class Meta:
        model = ScoreEvent

    tenant = factory.SubFactory(TenantFactory)
    at = factory.LazyFunction(timezone.now)
    date = factory.LazyFunction(timezone.localdate)
    control_id = factory.Sequence(lambda n: f"Control{n}")
    category = "Identity"
    kind = ScoreEvent.Kind.REGRESSED
    before = 10.0
    after = 2.0
    maximum = 10.0


class AlertRuleFactory(DjangoModelFactory[AlertRule]):
    class Meta:
        model = AlertRule

    tenant = factory.SubFactory(TenantFactory)
    kind = AlertRule.Kind.DROP_POINTS
    value = factory.Sequence(lambda n: float(n + 1))


class AlertFactory(DjangoModelFactory[Alert]):
    """An alert nobody has acknowledged."""

    class Meta:
        model = Alert

    tenant = factory.SubFactory(TenantFactory)
    rule = factory.SubFactory(
        AlertRuleFactory, tenant=factory.SelfAttribute("..tenant")
    )
    kind = factory.SelfAttribute("rule.kind")
    value = factory.SelfAttribute("rule.value")
    day = factory.LazyFunction(timezone.localdate)
    facts = factory.LazyFunction(
        lambda: {
            "points": 40.0,
            "maximum": 100.0,
            "percent": 40.0,
            "points_before": 50.0,
            "percent_before": 50.0,
            "day_before": (timezone.localdate() - timedelta(days=1)).isoformat(),
        }
    )


class SupportIntegrationFactory(DjangoModelFactory[SupportIntegration]):
    """Settings with both questions answered: basic authentication."""

    class Meta:
        model = SupportIntegration

    tenant = factory.SubFactory(TenantFactory)
    basic_auth_allowed = True
    single_tenant = True
    outbound_app_id = "7595e20f-39a8-4fcb-b865-f64d6663fc5f"
    directory_id = "5b1d0c52-7a3e-4c8f-9a64-2f0e6d93c1ab"
    admin_email = "admin@contoso.example"


class RepositoryFactory(DjangoModelFactory[Repository]):
    """A repository with the values of basic authentication."""

    class Meta:
        model = Repository

    tenant = factory.SubFactory(TenantFactory)
    repository_id = factory.Sequence(lambda n: f"contoso{n}.service-now.com")
    endpoint = factory.Sequence(lambda n: f"https://contoso{n}.service-now.com")
    auth_type = Repository.AuthType.BASIC
    entered_for = "basic"
    client_id = "inbound-client"
    client_secret = "inbound-client-secret"
    refresh_token_expiry = 864_000
    rest_username = "integration.user"
    rest_password = "word-of-the-rest-user"


class SupportUserFactory(DjangoModelFactory[SupportUser]):
    """Somebody who may open support cases."""

    class Meta:
        model = SupportUser

    repository = factory.SubFactory(RepositoryFactory)
    user_name = factory.Sequence(lambda n: f"agent.{n}")
    role = SupportUser.Role.ADMINISTRATOR


class ConnectorCallFactory(DjangoModelFactory[ConnectorCall]):
    """A call of the app that succeeded."""

    class Meta:
        model = ConnectorCall

    repository = factory.SubFactory(RepositoryFactory)
    tenant = factory.SelfAttribute("repository.tenant")
    direction = ConnectorCall.Direction.INBOUND
    purpose = "solutions.search"
    method = "POST"
    address = "/api/support/v1/repositories/x/solutions/search"
    status = 200


class LinkedPersonFactory(DjangoModelFactory[LinkedPerson]):
    """Somebody of the portal who may open service requests."""

    class Meta:
        model = LinkedPerson

    tenant = factory.SubFactory(TenantFactory)
    user = factory.SubFactory(UserFactory)
    email = "admin@contoso.example"


class ServiceRequestFactory(DjangoModelFactory[ServiceRequest]):
    """A request opened in the portal, by hand, that nothing happened to yet."""

    class Meta:
        model = ServiceRequest

    tenant = factory.SubFactory(TenantFactory)
    title = factory.Sequence(lambda n: f"Mail is late {n}")
    description = "Mail from outside arrives hours late."
    severity = "high"
    contact_name = "Kim Lee"
    contact_email = "kim@contoso.example"
    transport = "manual"
    opened_via = "portal"
    opened_by_name = "support.admin"
    opened_by_email = "support.admin@contoso.example"


class RequestUpdateFactory(DjangoModelFactory[RequestUpdate]):
    class Meta:
        model = RequestUpdate

    request = factory.SubFactory(ServiceRequestFactory)
    source = RequestUpdate.Source.MICROSOFT
    author = "Microsoft Support"
    text = "Work on it goes on."


class RequestDeliveryFactory(DjangoModelFactory[RequestDelivery]):
    """A note that is due now."""

    class Meta:
        model = RequestDelivery

    request = factory.SubFactory(ServiceRequestFactory)
    channel = RequestDelivery.Channel.NOTE
    payload = {"work_notes": "Text", "correlation_display": "SR"}
    marker = factory.LazyFunction(uuid.uuid4)


class InboundReceiptFactory(DjangoModelFactory[InboundReceipt]):
    """A mail that waits for a person."""

    class Meta:
        model = InboundReceipt

    tenant = factory.SubFactory(TenantFactory)
    digest = factory.Sequence(lambda n: f"{n:064}")
    content_type = "message/rfc822"
    status = InboundReceipt.Status.UNMATCHED
    reason = "no_reference"
    sender = "someone@microsoft.com"
    author = "Someone"
    subject = "About your question"
    text = "We looked at it."


class SolutionFactory(DjangoModelFactory[Solution]):
    """A published solution; `sources.put_solution` has it found."""

    class Meta:
        model = Solution

    tenant = factory.SubFactory(TenantFactory)
    title = factory.Sequence(lambda n: f"Outlook does not start {n}")
    body = "Create a **new profile**."
    updated_by_name = "helpdesk.admin"


class DocumentFactory(DjangoModelFactory[Document]):
    """A document of the library, as a row: the search does not know it."""

    class Meta:
        model = Document

    tenant = factory.SubFactory(TenantFactory)
    source = Document.Source.LIBRARY
    key = factory.Sequence(str)
    title = factory.Sequence(lambda n: f"Document {n}")


class KnowledgeSourceFactory(DjangoModelFactory[KnowledgeSource]):
    """The knowledge base of an instance, switched on."""

    class Meta:
        model = KnowledgeSource

    tenant = factory.SubFactory(TenantFactory)
    endpoint = factory.Sequence(lambda n: f"https://contoso{n}.service-now.com")
    is_enabled = True


class SavedViewFactory(DjangoModelFactory[SavedView]):
    class Meta:
        model = SavedView

    tenant = factory.SubFactory(TenantFactory)
    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"View {n}")
    query = "show=open"


class ExportFactory(DjangoModelFactory[Export]):
    """An export whose file is written; the file itself is the test's."""

    class Meta:
        model = Export

    tenant = factory.SubFactory(TenantFactory)
    user = factory.SubFactory(UserFactory)
    format = Export.Format.CSV
    content = Export.Content.ACTIONS
    status = Export.Status.READY
    finished_at = factory.LazyFunction(timezone.now)


class HealthServiceFactory(DjangoModelFactory[HealthService]):
    """A service that is healthy."""

    class Meta:
        model = HealthService

    tenant = factory.SubFactory(TenantFactory)
    service_id = factory.Sequence(lambda n: f"service-{n}")
    name = "Exchange Online"
    status = "serviceoperational"
    seen_at = factory.LazyFunction(timezone.now)


class ServiceIssueFactory(DjangoModelFactory[ServiceIssue]):
    """An open incident without updates."""

    class Meta:
        model = ServiceIssue

    tenant = factory.SubFactory(TenantFactory)
    issue_id = factory.Sequence(lambda n: f"EX{1_000_000 + n}")
    title = "Mail from outside the organization reaches mailboxes late"
    service = "Exchange Online"
    status = "servicedegradation"
    classification = "incident"
    seen_at = factory.LazyFunction(timezone.now)


class IssuePostFactory(DjangoModelFactory[IssuePost]):
    class Meta:
        model = IssuePost

    issue = factory.SubFactory(ServiceIssueFactory)
    key = factory.Sequence(lambda n: f"key-{n}")
    created_at = factory.LazyFunction(timezone.now)
    html = "<p>Work on it goes on.</p>"


class IssueMatchFactory(DjangoModelFactory[IssueMatch]):
    """A ticket that seems to be about an issue."""

    class Meta:
        model = IssueMatch

    issue = factory.SubFactory(ServiceIssueFactory)
    ticket = factory.SubFactory(TicketFactory)
    score = 80


class ServiceMessageFactory(DjangoModelFactory[ServiceMessage]):
    class Meta:
        model = ServiceMessage

    tenant = factory.SubFactory(TenantFactory)
    message_id = factory.Sequence(lambda n: f"MC{1_000_000 + n}")
    title = factory.Sequence(lambda n: f"Something changes {n}")
    seen_at = factory.LazyFunction(timezone.now)


class AuditEventFactory(DjangoModelFactory[AuditEvent]):
    class Meta:
        model = AuditEvent

    tenant = factory.SubFactory(TenantFactory)
    action = "connection.authorized"
    actor_name = "security.admin"
