"""The fields of the tables that are no tasks."""

from __future__ import annotations

# The notation is that of the columns module.
USER = """
user_name string:40 User ID
name string:151 Name
first_name string:50 First name
last_name string:50 Last name
email string:100 Email
title string:60 Title
department ref:cmn_department Department
location ref:cmn_location Location
company ref:core_company Company
manager ref:sys_user Manager
phone string:40 Business phone
active boolean =true Active
locked_out boolean =false Locked out
password_needs_reset boolean =false Password needs reset
web_service_access_only boolean =false Web service access only
internal_integration_user boolean =false Internal Integration User
enable_multifactor_authn boolean =false Enable Multi-factor Authentication
roles roles Roles
time_zone string:40 Time zone
user_password password Password
last_login_time datetime Last login time
sys_class_name string =sys_user Class
"""
GROUP = """
name string:80 Name
description string:1000 Description
active boolean =true Active
email string:100 Group email
manager ref:sys_user Manager
parent ref:sys_user_group Parent
type string:40 Type
"""
ROLE = """
name string:100 Name
description string:1000 Description
"""
HAS_ROLE = """
user ref:sys_user User
role ref:sys_user_role Role
inherited boolean =false Inherited
state string =active State
"""
MEMBER = """
user ref:sys_user User
group ref:sys_user_group Group
"""
CHOICE = """
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
PROPERTY = """
name string:100 Name
value string:4000 Value
type string =string Type
description string:4000 Description
sys_scope ref:sys_scope =global Application
"""
ENTITY = """
name string:100 Name
type string =client Type
active boolean =true Active
client_id string:255 Client ID
client_secret password Client Secret
redirect_url string:4000 Redirect URL
token_url string:1024 Token URL
access_token_lifespan integer =1800 Access Token Lifespan
refresh_token_lifespan integer =8640000 Refresh Token Lifespan
auth_code_lifespan integer =60 Authorization Code Lifespan
public_client boolean =false Public Client
default_grant_type string =authorization_code Default Grant type
user ref:sys_user OAuth Application User
comments string:4000 Comments
"""
PROFILE = """
name string:100 Name
oauth_entity ref:oauth_entity OAuth provider
grant_type string:40 Grant type
default boolean =true Is default
"""
SCOPE = """
name string:100 Name
scope string:40 Scope
active boolean =true Active
"""
PRIVILEGE = """
source_scope ref:sys_scope Source Scope
target_scope string:40 =global Target Scope
target_name string:80 Target Name
target_type string:40 Target Type
operation string:40 Operation
status string:40 =requested Status
"""
API_KEY = """
name string:100 Name
token password Token
user ref:sys_user User
active boolean =true Active
expires datetime Expires
"""
OIDC_ENTITY = """
name string:100 Name
client_id string:255 Client ID
active boolean =true Active
oidc_provider ref:oidc_provider_configuration OAuth OIDC Provider Configuration
"""
OIDC_PROVIDER = """
name string:100 OIDC Provider
oidc_config_url string:1024 OIDC Metadata URL
user_claim string:40 =appid User Claim
user_field string:40 =user_name User Field
enable_jti_verification boolean =false Enable JTI claim verification
clock_skew integer =300 Clock Skew
"""
JOURNAL = """
name string:80 Name
element string:80 Element
element_id string:32 Element ID
value string:8000 Value
"""
DICTIONARY = """
name string:80 Table
element string:80 Column name
column_label string:80 Column label
internal_type string:40 Type
reference string:80 Reference
max_length integer Max length
mandatory boolean =false Mandatory
default_value string:512 Default value
choice integer =0 Choice
active boolean =true Active
"""
DB_OBJECT = """
name string:80 Name
label string:80 Label
super_class ref:sys_db_object Extends table
is_extendable boolean =false Extensible
access string =public Accessible from
read_access boolean =true Can read
ws_access boolean =true Allow access to this table via web services
sys_scope ref:sys_scope =global Application
"""
SCRIPT = """
name string:80! Name
collection string:80 Table
active boolean =true Active
when string:40 =before When
order integer =100 Order
action_insert boolean =false Insert
action_update boolean =false Update
action_delete boolean =false Delete
abort_action boolean =false Abort action
add_message boolean =false Add message
message string:4000 Message
filter_condition string:8000 Filter Conditions
script string:8000 Script
sys_scope ref:sys_scope =global Application
"""
DATA_POLICY = """
short_description string:255 Short description
model_table string:80 Table
conditions string:4000 Conditions
active boolean =true Active
inherit boolean =false Inherit
sys_scope ref:sys_scope =global Application
"""
DATA_POLICY_RULE = """
sys_data_policy ref:sys_data_policy2 Data policy
table string:80 Table
field string:80 Field name
mandatory string:40 =true Mandatory
"""
ATTACHMENT = """
file_name string:100 File name
table_name string:80 Table name
table_sys_id string:32 Table sys ID
content_type string:255 Content type
size_bytes integer =0 Size bytes
size_compressed integer =0 Size compressed
compressed boolean =true Compressed
hash string:100 Hash
state string:40 =available State
chunk_size_bytes integer =700000 Chunk size bytes
average_image_color string:40 Average image color
image_height integer Image height
image_width integer Image width
encryption_context string:32 Encryption context
"""
KNOWLEDGE = """
number string:40 Number
short_description string:255! Short description
text string:65000 Article body
kb_knowledge_base ref:kb_knowledge_base Knowledge base
workflow_state string:40 =published Workflow
article_type string:40 =text Article type
author ref:sys_user Author
published date Published
valid_to date =2100-01-01 Valid to
active boolean =true Active
language string:40 =en Language
meta string:4000 Meta
sys_view_count integer =0 View count
"""
KNOWLEDGE_BASE = """
title string:100! Title
active boolean =true Active
description string:4000 Description
owner ref:sys_user Owner
"""
DEPARTMENT = """
name string:100! Name
id string:40 ID
description string:1000 Description
dept_head ref:sys_user Department head
parent ref:cmn_department Parent
primary_contact ref:sys_user Primary contact
"""
LOCATION = """
name string:100 Name
street string:255 Street
city string:40 City
zip string:40 Zip / Postal Code
country string:40 Country
parent ref:cmn_location Parent
"""
COMPANY = """
name string:80 Name
stock_symbol string:40 Stock symbol
customer boolean =false Customer
vendor boolean =false Vendor
city string:50 City
country string:40 Country
"""
CI = """
name string:255 Name
sys_class_name string:80 =cmdb_ci Class
asset_tag string:40 Asset tag
assigned_to ref:sys_user Assigned to
category string:40 Category
install_status integer =1 Status
operational_status integer =1 Operational status
serial_number string:255 Serial number
short_description string:1000 Description
support_group ref:sys_user_group Support group
"""
MODEL = """
name string:100 Name
description string:1000 Description
active boolean =true Active
type string:40 Type
"""
TEMPLATE = """
name string:100 Name
short_description string:200 Short description
active boolean =true Active
"""
TEMPLATE_VERSION = """
name string:100 Name
std_change_producer ref:std_change_producer Standard Change Template
version integer =1 Version
"""
APPROVER = """
approver ref:sys_user Approver
sysapproval ref:task Approval for
source_table string:80 Source table
document_id string:32 Approving
group ref:sys_user_group Assignment group
state choice =requested State
comments journal Comments
due_date datetime Due date
"""
AUDIT_DELETE = """
tablename string:80 Table name
documentkey string:32 Document key
display_value string:255 Display value
"""
