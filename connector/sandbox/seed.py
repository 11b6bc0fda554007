"""Furnish a new instance: people, groups, choices, properties."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox import crowd, dictionary, history, people, support_app
from connector.sandbox.choices import CHOICES
from connector.sandbox.furniture import ROWS
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.store import Row, Store

APPLICATION_NAME = "Security + Compliance Connector"
INTEGRATION_USER = "m365.integration"
INTEGRATION_ROLES = (
    *("sn_incident_read", "sn_incident_write", "sn_change_read", "sn_change_write"),
    *("itil", "snc_platform_rest_api_access"),
)
_OTHER_ROLES = (
    *("snc_read_only", "snc_basic_auth_api_access", "oauth_admin", "mi_admin"),
)
PASSWORD_NAMES = {
    "admin": "SANDBOX_ADMIN_PASSWORD",
    "it.agent": "SANDBOX_AGENT_PASSWORD",
    INTEGRATION_USER: "SANDBOX_INTEGRATION_PASSWORD",
}
# No 0, 1, i, l or o: passwords are read off a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

_PEOPLE = (
    ("admin", "System", "Administrator", "System Administrator", ("admin",)),
    ("it.agent", "Robin", "Fields", "IT Service Desk Agent", ("itil", "itil_admin")),
    ("alex.personal", "Alex", "Wilber", "Marketing Assistant", ()),
    ("megan.bowen", "Megan", "Bowen", "Change Manager", ("itil", "change_manager")),
    ("lee.gu", "Lee", "Gu", "Identity Engineer", ("itil",)),
    ("nestor.wilke", "Nestor", "Wilke", "Endpoint Engineer", ("itil",)),
    ("adele.vance", "Adele", "Vance", "Retail Manager", ()),
)
# The same in every instance there is, so programs name them.
_KNOWN_IDS = {
    ("sys_user", "admin"): "6816f79cc0a8016401c5a33be04be441",
    **{("chg_model", kind): kind for kind in ("normal", "standard", "emergency")},
}
_DEPARTMENTS = {"alex.personal": "Marketing", "adele.vance": "Sales"}
_GROUPS = {
    "Service Desk": "First contact for everybody",
    "Identity and Access": "Sign-in, accounts and privileged roles",
    "Endpoint Management": "Devices and their configuration",
    "Messaging and Collaboration": "Mail, meetings and shared files",
    "Change Advisory Board": "Approves changes",
}
_MEMBERS = {
    "it.agent": ("Service Desk",),
    "megan.bowen": ("Change Advisory Board",),
    "lee.gu": ("Identity and Access",),
    "nestor.wilke": ("Endpoint Management", "Messaging and Collaboration"),
}
_PROPERTIES = {
    "glide.buildname": "Australia",
    "glide.buildname.full": "Australia Patch 3",
    "glide.buildtag": "glide-australia-02-11-2026__patch3-05-25-2026",
    "glide.war": "glide-australia-02-11-2026__patch3-05-25-2026_06-01-2026_1200.zip",
    "glide.product.name": "ServiceNow",
    "glide.product.description": "Service Management",
    "glide.installation.name": "Sandbox",
    "glide.oauth.state.parameter.required": "true",
    "glide.oauth.allow.parameters.in.post.body.only": "true",
    "glide.oauth.inbound.client.credential.grant_type.enabled": "false",
    "glide.oauth.inbound.ropc.grant_type.disabled": "false",
    "glide.invalid_query.returns_no_rows": "false",
    "glide.authenticate.basic_auth.restriction.active": "true",
    "glide.authenticate.basic_auth.restriction.enforce": "true",
    "glide.authenticate.basic_auth.allowed_roles": "snc_basic_auth_api_access",
    "glide.authenticate.basic_auth.allowed_users": "",
    "glide.authenticate.basic_auth.allow_wsao": "true",
    "glide.authenticate.basic_auth.restriction.enforcement_date": "",
    "glide.authenticate.multifactor": "true",
    "glide.authenticate.oauth.post.token.expiration.cookie_auth.disabled": "true",
    "glide.rest.max_content_length": "10",
    "com.snc.platform.security.oauth.is.active": "true",
}


_CLOSE_POLICY = "Make close info mandatory when resolved or closed"


@dataclass(frozen=True)
class Installation:
    """The connector app as it is after both steps of its checklist."""

    client_id: str = "client-of-the-portal"
    client_secret: str = "secret-of-the-portal"  # noqa: S105
    redirect_url: str = "http://testserver/oauth/complete/servicenow/"
    user_name: str = INTEGRATION_USER
    password: str = ""
    api_key: str = ""
    oidc_metadata_url: str = ""
    oidc_audience: str = ""

    @classmethod
    def from_environment(cls, portal: str = "") -> Installation:
        """Take what SANDBOX_CLIENT_ID, _SECRET and _REDIRECT_URL say; make up the rest."""
        given = os.environ.get
        return cls(
            given("SANDBOX_CLIENT_ID") or secrets.token_hex(16),
            given("SANDBOX_CLIENT_SECRET") or secrets.token_hex(16),
            given("SANDBOX_REDIRECT_URL") or redirect_url(portal),
            api_key=given("SANDBOX_API_KEY", ""),
            oidc_metadata_url=given("SANDBOX_OIDC_METADATA_URL", ""),
            oidc_audience=given("SANDBOX_OIDC_AUDIENCE", ""),
        )


def redirect_url(portal: str) -> str:
    """Return the one address of a portal to which an answer may go."""
    return f"{portal.rstrip('/')}/oauth/complete/servicenow/" if portal else ""


def new_password() -> str:
    """Return a password of 79 bits that is easy to type."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def seed(
    store: Store,
    installation: Installation | None = None,
    *,
    time_zone: str = "America/Los_Angeles",
    incidents: int = 0,
) -> None:
    """Furnish an empty instance; one that is furnished keeps what it has."""
    with store.transaction():
        if not store.note("seeded"):
            _furnish(store, time_zone)
            if not installation:
                history.write(store, sys_id("sys_user", "it.agent"))
            store.keep_note("seeded", "true")
        _follow_environment(store)
        if installation and not store.first(
            "oauth_entity", client_id=installation.client_id
        ):
            _install(store, installation)
        crowd.write(store, incidents, sys_id("sys_user", "it.agent"))


def _install(store: Store, wanted: Installation) -> None:
    create_entity(store, wanted)
    create_integration_user(store, wanted.user_name, wanted.password)
    user = sys_id("sys_user", wanted.user_name)
    entity = sys_id("oauth_entity", wanted.client_id)
    store.update(TABLES["oauth_entity"], entity, {"user": user})
    if wanted.api_key:
        values = {"token": wanted.api_key, "user": user}
        _add(store, "api_key", wanted.api_key, name=wanted.user_name, **values)
    if wanted.oidc_metadata_url:
        _add_provider(store, wanted.oidc_metadata_url, wanted.oidc_audience)


def _add_provider(store: Store, address: str, audience: str) -> None:
    """Trust the tokens of a provider that are meant for an audience."""
    table, name = "oidc_provider_configuration", "OIDC provider"
    _add(store, table, address, name=name, oidc_config_url=address)
    values = {"client_id": audience, "oidc_provider": sys_id(table, address)}
    _add(store, "oauth_oidc_entity", audience, name=name, **values)


def set_property(store: Store, name: str, value: str) -> None:
    """Set a system property, which is made if the instance does not know it."""
    row = store.first("sys_properties", name=name)
    if row is None:
        _add(store, "sys_properties", name, name=name, value=value)
    else:
        store.update(TABLES["sys_properties"], row["sys_id"], {"value": value})


def _follow_environment(store: Store) -> None:
    """Let passwords be those of the environment, also when the data is older."""
    for user_name, variable in PASSWORD_NAMES.items():
        password, note = os.environ.get(variable), f"password:{user_name}"
        row = store.first("sys_user", user_name=user_name)
        if row and password and password != store.note(note):
            changed = {"user_password": people.hashed(password)}
            store.update(TABLES["sys_user"], row["sys_id"], changed)
            store.keep_note(note, password)


def create_entity(
    store: Store, wanted: Installation, name: str = APPLICATION_NAME
) -> None:
    """Register the portal as an application."""
    _add(
        store,
        "oauth_entity",
        wanted.client_id,
        name=name,
        client_id=wanted.client_id,
        client_secret=wanted.client_secret,
        redirect_url=wanted.redirect_url,
    )


def change_entity(store: Store, entity: Row, **values: str) -> None:
    """Change an application's registry."""
    stamps = {"sys_updated_on": store.now(), "sys_updated_by": "admin"}
    store.update(TABLES["oauth_entity"], entity["sys_id"], stamps | values)


def create_integration_user(store: Store, user_name: str, password: str = "") -> None:
    """Add the user as whom the portal works, with its roles."""
    if store.first("sys_user", user_name=user_name):
        return
    if not password:
        is_usual = user_name in PASSWORD_NAMES
        password = password_of(store, user_name) if is_usual else new_password()
    store.keep_note(f"password:{user_name}", password)
    roles = INTEGRATION_ROLES
    person = (user_name, "Microsoft 365", "Integration", "Integration user", roles)
    _add_person(store, person, password)


def password_of(store: Store, user_name: str) -> str:
    """Return a person's password: from the environment, or made once and kept."""
    name = PASSWORD_NAMES.get(user_name, PASSWORD_NAMES["it.agent"])
    note = f"password:{user_name}"
    password = os.environ.get(name) or store.note(note)
    if not password:
        is_agent = name == PASSWORD_NAMES["it.agent"] and user_name != "it.agent"
        password = password_of(store, "it.agent") if is_agent else new_password()
    store.keep_note(note, password)
    return password


def announce(store: Store) -> dict[str, str]:
    """Return the passwords that were made up here, each only once."""
    made = {}
    for user_name, variable in PASSWORD_NAMES.items():
        password = store.note(f"password:{user_name}")
        is_news = password and not store.note(f"announced:{user_name}")
        if is_news and not os.environ.get(variable):
            made[user_name] = password
            store.keep_note(f"announced:{user_name}", "true")
    return made


def sys_id(table: str, key: str) -> str:
    """Return the same sys_id for the same thing in every instance."""
    if known := _KNOWN_IDS.get((table, key)):
        return known
    return hashlib.blake2b(f"{table}:{key}".encode(), digest_size=16).hexdigest()


def _furnish(store: Store, time_zone: str) -> None:
    for name, value in {**_PROPERTIES, "glide.sys.default.tz": time_zone}.items():
        _add(store, "sys_properties", name, name=name, value=value)
    for name, description in _GROUPS.items():
        _add(store, "sys_user_group", name, name=name, description=description)
    _add_furniture(store)
    for role in (*INTEGRATION_ROLES, *_OTHER_ROLES):
        _add(store, "sys_user_role", role, name=role)
    for person in _PEOPLE:
        _add_person(store, person, password_of(store, person[0]))
    for user_name, groups in _MEMBERS.items():
        for group in groups:
            _add_member(store, user_name, group)
    _add_choices(store)
    _add_dictionary(store)
    _add_close_policy(store)
    support_app.install(store)


def _add_close_policy(store: Store) -> None:
    """Show the policy that the rules of incidents carry out."""
    table, policy = "sys_data_policy2", {"model_table": "incident"}
    words = {"short_description": _CLOSE_POLICY, "conditions": "stateIN6,7^EQ"}
    _add(store, table, "close", **policy, **words)
    for field in ("close_code", "close_notes"):
        rule = {"sys_data_policy": sys_id(table, "close"), "table": "incident"}
        _add(store, "sys_data_policy_rule", field, field=field, **rule)


def _add_furniture(store: Store) -> None:
    for table, rows in ROWS.items():
        for key, values in rows.items():
            _add(store, table, key, **values)


def _add(store: Store, table_name: str, key: str, **values: str) -> None:
    table, now = TABLES[table_name], store.now()
    row = {name: field.default for name, field in table.fields.items()}
    stamps = {
        "sys_created_on": now,
        "sys_created_by": "system",
        "sys_updated_on": now,
        "sys_updated_by": "system",
    }
    store.insert(table, row | stamps | values | {"sys_id": sys_id(table_name, key)})


def _add_person(
    store: Store, person: tuple[str, str, str, str, tuple[str, ...]], password: str
) -> None:
    user_name, first, last, title, roles = person
    _add(
        store,
        "sys_user",
        user_name,
        user_name=user_name,
        first_name=first,
        last_name=last,
        name=f"{first} {last}",
        title=title,
        department=sys_id("cmn_department", _DEPARTMENTS.get(user_name, "IT")),
        company=sys_id("core_company", "Contoso"),
        email=f"{user_name}@example.com",
        user_password=people.hashed(password),
    )
    for role in roles:
        people.add_role(store, sys_id("sys_user", user_name), role)


def _add_member(store: Store, user_name: str, group: str) -> None:
    ids: Mapping[str, str] = {
        "user": sys_id("sys_user", user_name),
        "group": sys_id("sys_user_group", group),
    }
    _add(store, "sys_user_grmember", f"{user_name}:{group}", **ids)


def _add_choices(store: Store) -> None:
    for (table, element), choices in CHOICES.items():
        for index, (value, label) in enumerate(choices.items()):
            _add(
                store,
                "sys_choice",
                f"{table}.{element}.{value}",
                name=table,
                element=element,
                value=value,
                label=label,
                sequence=str(index),
            )


def _add_dictionary(store: Store) -> None:
    for table in TABLES.values():
        parent = sys_id("sys_db_object", table.parent) if table.parent else ""
        names = {"name": table.name, "label": table.label, "super_class": parent}
        _add(store, "sys_db_object", table.name, **names)
        for field in dictionary.own_fields(table):
            key, values = f"{table.name}.{field.name}", dictionary.entry(table, field)
            _add(store, "sys_dictionary", key, **values)
