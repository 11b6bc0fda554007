"""The fields of tasks and of the kinds of tasks."""

from __future__ import annotations

# One line a field: name, type, optional =default, label.
# Types: string[:length], integer, boolean, datetime, date, choice (a string with
# choices), code (an integer with choices), journal, password, ref:table.
# A "!" behind the type marks a field that forms ask for.
BASE = """
sys_id guid Sys ID
sys_created_on datetime Created
sys_created_by string:40 Created by
sys_updated_on datetime Updated
sys_updated_by string:40 Updated by
sys_mod_count integer =0 Updates
sys_tags string Tags
"""
TASK = """
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
INCIDENT = """
business_impact string:4000 Business impact
business_stc integer Business resolve time
calendar_stc integer Resolve time
caller_id ref:sys_user! Caller
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
short_description string:160! Short description
subcategory choice Subcategory
"""
CHANGE = """
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
PROBLEM = """
category choice Category
cause_notes string:4000 Cause notes
close_code choice Resolution code
close_notes string:4000 Close notes
duplicate_of ref:problem Duplicate of
first_reported_by_task ref:task First reported by
fix_notes string:4000 Fix notes
known_error boolean =false Known error
major_problem boolean =false Major problem
problem_state code =101 Problem state
related_incidents integer =0 Related Incidents
resolved_at datetime Resolved
resolved_by ref:sys_user Resolved by
state code =101 State
subcategory choice Subcategory
workaround string:4000 Workaround
"""
CHANGE_TASK = """
change_request ref:change_request Change request
change_task_type choice =planning Type
close_code choice Close code
close_notes string:4000 Close notes
on_hold boolean =false On hold
planned_end_date datetime Planned end date
planned_start_date datetime Planned start date
state code =-5 State
"""
