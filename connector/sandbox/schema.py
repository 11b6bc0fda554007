"""The tables of the instance and their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

# One line a field: name, type, optional =default, label.
# Types: string[:length], integer, boolean, datetime, date, choice (a string with
# choices), code (an integer with choices), journal, password, ref:table.
_BASE = """
sys_id guid Sys ID
sys_created_on datetime Created
sys_created_by string:40 Created by
sys_updated_on datetime Updated
sys_updated_by string:40 Updated by
sys_mod_count integer =0 Updates
sys_tags string Tags
"""
_TASK = """
number string:40 Number
sys_class_name choice Task type
sys_domain ref:sys_domain =global Domain
sys_domain_path string =/ Domain Path
active boolean =true Active
activity_due datetime Activity due
additional_assignee_list string:4000 Additional assignee list
approval choice =not@requested Approval
approval_history journal Approval history
assigned_to ref:sys_user Assigned to
assignment_group ref:sys_user_group Assignment group
business_duration duration Business duration
calendar_duration duration Duration
closed_at datetime Closed
closed_by ref:sys_user Closed by
cmdb_ci ref:cmdb_ci Configuration item
comments journal Additional comments
comments_and_work_notes journal Comments and Work notes
work_notes journal Work notes
company ref:core_company Company
contact_type choice Contact type
correlation_display string:100 Correlation display
correlation_id string:100 Correlation ID
description string:4000 Description
due_date datetime Due date
escalation code =0 Escalation
expected_start datetime Expected start
follow_up datetime Follow up
impact code =3 Impact
knowledge boolean =false Knowledge
location ref:cmn_location Location
made_sla boolean =true Made SLA
opened_at datetime Opened
opened_by ref:sys_user Opened by
order integer Order
parent ref:task Parent
priority code =4 Priority
reassignment_count integer =0 Reassignment count
service_offering ref:service_offering Service offering
business_service ref:cmdb_ci_service Service
short_description string:160 Short description
sla_due datetime SLA due
state code =1 State
task_effective_number string:40 Effective number
time_worked duration Time worked
universal_request ref:task Universal Request
upon_approval choice =proceed Upon approval
upon_reject choice =cancel Upon reject
urgency code =3 Urgency
user_input string:4000 User input
watch_list string:4000 Watch list
work_end datetime Actual end
work_start datetime Actual start
"""
_INCIDENT = """
business_impact string:4000 Business impact
business_stc integer Business resolve time
calendar_stc integer Resolve time
caller_id ref:sys_user Caller
category choice =inquiry Category
caused_by ref:change_request Caused by Change
child_incidents integer =0 Child Incidents
close_code choice Resolution code
close_notes string:4000 Resolution notes
hold_reason code On hold reason
incident_state code =1 Incident state
notify code =1 Notify
origin_id string:32 Origin
parent_incident ref:incident Parent Incident
problem_id ref:problem Problem
reopen_count integer =0 Reopen count
reopened_by ref:sys_user Last reopened by
reopened_time datetime Last reopened at
resolved_at datetime Resolved
resolved_by ref:sys_user Resolved by
rfc ref:change_request Change Request
severity code =3 Severity
subcategory choice Subcategory
"""
_CHANGE = """
backout_plan string:4000 Backout plan
cab_date date CAB date
cab_delegate ref:sys_user CAB delegate
cab_recommendation string:4000 CAB recommendation
cab_required boolean =false CAB required
category choice =Other Category
change_plan string:4000 Change plan
chg_model ref:chg_model Model
close_code choice Close code
close_notes string:4000 Close notes
conflict_last_run datetime Conflict last run
conflict_status choice =Not@Run Conflict status
end_date datetime Planned end date
implementation_plan string:4000 Implementation plan
justification string:4000 Justification
on_hold boolean =false On hold
on_hold_reason string:4000 On hold reason
outside_maintenance_schedule boolean =false Unauthorized
phase choice =requested Phase
phase_state choice =open Phase state
production_system boolean =false Production system
reason choice Reason
requested_by ref:sys_user Requested by
requested_by_date datetime Requested by date
review_comments string:4000 Review comments
review_date date Review date
review_status code Review status
risk code =3 Risk
risk_impact_analysis string:4000 Risk and impact analysis
scope code =3 Scope
start_date datetime Planned start date
state code =-5 State
std_change_producer_version ref:std_change_producer_version Standard Change Template version
test_plan string:4000 Test plan
type choice =normal Type
unauthorized boolean =false Unauthorized change
"""
_USER = """
user_name string:40 User ID
name string:151 Name
first_name string:50 First name
last_name string:50 Last name
email string:100 Email
title string:60 Title
department string:100 Department
active boolean =true Active
locked_out boolean =false Locked out
password_needs_reset boolean =false Password needs reset
web_service_access_only boolean =false Web service access only
internal_integration_user boolean =false Internal Integration User
time_zone string:40 Time zone
user_password password Password
last_login_time datetime Last login time
sys_class_name string =sys_user Class
"""
_GROUP = """
name string:80 Name
description string:1000 Description
active boolean =true Active
email string:100 Group email
manager ref:sys_user Manager
type string:40 Type
"""
_ROLE = """
name string:100 Name
description string:1000 Description
"""
_HAS_ROLE = """
user ref:sys_user User
role ref:sys_user_role Role
inherited boolean =false Inherited
state string =active State
"""
_MEMBER = """
user ref:sys_user User
group ref:sys_user_group Group
"""
_CHOICE = """
name string:80 Table
element string:80 Element
value string:4000 Value
label string:4000 Label
sequence integer =0 Sequence
language string =en Language
dependent_value string:255 Dependent value
inactive boolean =false Inactive
hint string:255 Hint
"""
_PROPERTY = """
name string:100 Name
value string:4000 Value
type string =string Type
description string:4000 Description
"""
_ENTITY = """
name string:100 Name
type string =client Type
active boolean =true Active
client_id string:255 Client ID
client_secret password Client Secret
redirect_url string:4000 Redirect URL
access_token_lifespan integer =1800 Access Token Lifespan
refresh_token_lifespan integer =8640000 Refresh Token Lifespan
auth_code_lifespan integer =60 Authorization Code Lifespan
public_client boolean =false Public Client
default_grant_type string =authorization_code Default Grant type
user ref:sys_user OAuth Application User
comments string:4000 Comments
"""
_API_KEY = """
name string:100 Name
token password Token
user ref:sys_user User
active boolean =true Active
expires datetime Expires
"""
_JOURNAL = """
name string:80 Name
element string:80 Element
element_id string:32 Element ID
value string:8000 Value
"""
_DICTIONARY = """
name string:80 Table
element string:80 Column name
column_label string:80 Column label
internal_type string:40 Type
reference string:80 Reference
max_length integer Max length
mandatory boolean =false Mandatory
active boolean =true Active
"""
_DB_OBJECT = """
name string:80 Name
label string:80 Label
super_class ref:sys_db_object Extends table
is_extendable boolean =false Extensible
access string =public Accessible from
read_access boolean =true Can read
ws_access boolean =true Allow access to this table via web services
"""

_NUMERIC = {"integer", "code"}
_LINE = re.compile(r"(\w+) ([\w:]+) (?:=(\S+) )?(.+)")


@dataclass(frozen=True)
class Field:
    """One column: its type decides how values are read, compared and shown."""

    name: str
    type: str
    label: str
    reference: str = ""
    default: str = ""
    length: int = 0

    @property
    def is_numeric(self) -> bool:
        return self.type in _NUMERIC

    @property
    def has_choices(self) -> bool:
        return self.type in {"choice", "code"}


@dataclass(frozen=True)
class Table:
    """One table with everything it inherits."""

    name: str
    label: str
    fields: dict[str, Field]
    display: str = "name"
    parent: str = ""
    prefix: str = ""

    @property
    def storage(self) -> str:
        """Return the SQL table: a hierarchy lies in the one of its root."""
        return self.parent or self.name

    @cached_property
    def journals(self) -> frozenset[str]:
        return frozenset(f.name for f in self.fields.values() if f.type == "journal")

    @property
    def is_task(self) -> bool:
        return self.storage == "task"


def _field(line: str) -> Field:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(line)
    name, kind, default, label = match.groups()
    kind, _, detail = kind.partition(":")
    return Field(
        name,
        kind,
        label,
        reference=detail if kind == "ref" else "",
        default=(default or "").replace("@", " "),
        length=int(detail) if detail.isdigit() else 0,
    )


def _fields(*texts: str) -> dict[str, Field]:
    lines = [line for text in (_BASE, *texts) for line in text.strip().splitlines()]
    return {field.name: field for field in map(_field, lines)}


def _tables() -> dict[str, Table]:
    task = _fields(_TASK)
    tables = [
        Table("task", "Task", task, "number"),
        Table(
            "incident", "Incident", task | _fields(_INCIDENT), "number", "task", "INC"
        ),
        Table(
            "change_request",
            "Change Request",
            task | _fields(_CHANGE),
            "number",
            "task",
            "CHG",
        ),
        Table("sys_user", "User", _fields(_USER)),
        Table("sys_user_group", "Group", _fields(_GROUP)),
        Table("sys_user_role", "Role", _fields(_ROLE)),
        Table("sys_user_has_role", "User Role", _fields(_HAS_ROLE), "sys_id"),
        Table("sys_user_grmember", "Group Member", _fields(_MEMBER), "sys_id"),
        Table("sys_choice", "Choice", _fields(_CHOICE), "label"),
        Table("sys_properties", "System Property", _fields(_PROPERTY)),
        Table("oauth_entity", "Application Registries", _fields(_ENTITY)),
        Table("api_key", "REST API Key", _fields(_API_KEY)),
        Table("sys_journal_field", "Journal Entry", _fields(_JOURNAL), "sys_id"),
        Table("sys_dictionary", "Dictionary Entry", _fields(_DICTIONARY), "element"),
        Table("sys_db_object", "Table", _fields(_DB_OBJECT), "label"),
    ]
    return {table.name: table for table in tables}


TABLES = _tables()
TASK_CLASSES = ("incident", "change_request")


def storages() -> dict[str, dict[str, Field]]:
    """Return every SQL table with the union of the columns of its classes."""
    found: dict[str, dict[str, Field]] = {}
    for table in TABLES.values():
        columns = found.setdefault(table.storage, {})
        for field in table.fields.values():
            if field.type != "journal":
                columns.setdefault(field.name, field)
    return found
