"""The fields of the tables an application brings, and of those that log what it does."""

from __future__ import annotations

# The notation is that of the columns module.
SCRIPT_INCLUDE = """
name string:100! Name
api_name string:200 API Name
active boolean =true Active
access string:40 =package_private Accessible from
client_callable boolean =false Client callable
description string:4000 Description
script string:8000 Script
sys_scope ref:sys_scope =global Application
"""
UI_ACTION = """
name string:100! Name
table string:80 Table
action_name string:100 Action name
active boolean =true Active
order integer =100 Order
form_button boolean =false Form button
form_link boolean =false Form link
show_insert boolean =false Show insert
show_update boolean =true Show update
condition string:4000 Condition
hint string:255 Hint
script string:8000 Script
sys_scope ref:sys_scope =global Application
"""
UI_VIEW = """
name string:80 Name
title string:80 Title
hidden boolean =false Hidden
"""
UI_ACTION_VIEW = """
sys_ui_action ref:sys_ui_action UI Action
sys_ui_view ref:sys_ui_view View
visibility string:40 =include Visibility
"""
PREFERENCE = """
name string:100 Name
user ref:sys_user User
value string:4000 Value
system boolean =false System
"""
SYSLOG = """
level code =0 Level
message string:8000 Message
source string:100 Source
type string:40 =script Type
sequence string:40 Sequence
"""
# The labels are those of the documentation at the log level Basic, which has neither
# queries nor headers nor bodies. The column names are (unverified), and so is `url`.
OUTBOUND_LOG = """
sequence integer Sequence
http_method string:40 HTTP Method
protocol string:40 =HTTP/1.1 Protocol
scheme string:40 Scheme
hostname string:255 Hostname
path string:1024 Path
url string:2048 URL
response_status integer HTTP response status
request_length integer =0 Request length
response_length integer =0 Response length
response_time integer =0 Total call time
source_table string:80 Source table
source_record string:32 Source record ID
app_scope string:40 Scope
user string:40 User
"""
