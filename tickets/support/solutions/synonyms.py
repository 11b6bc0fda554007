"""What people of a help desk call the same thing: one line per meaning.

The first word of a line is what all of them are indexed as. Words are compared by
their stems, phrases word by word, hyphens as spaces.
"""

from __future__ import annotations

MEANINGS = """
mfa, 2fa, multifactor, multifactor authentication, multi factor authentication, multi factor, two factor, two factor authentication, second factor, two step verification
sspr, self service password reset
tap, temporary access pass
conditionalaccess, conditional access, ca policy
passkey, fido2, fido, security key, yubikey
signin, sign in, sign ins, signing in, log in, log ins, logging in, login, logon, log on, signon, sign on
entra, entra id, azure ad, azure active directory, aad, aad connect
password, pw, pwd, passwd, credential, credentials
lockout, locked out, account locked, account is locked, smart lockout
ost, offline data file, cached mode
pst, outlook data file
mail, email, e mail
mailbox, inbox
owa, outlook on the web, outlook web app, outlook web access, web outlook
ndr, bounce, bounced, non delivery report, undeliverable
spam, junk, junk mail
dlp, data loss prevention
ediscovery, content search, legal hold
label, sensitivity label, aip label
oof, out of office, automatic reply, auto reply
onedrive, onedrive for business, odfb
sharepoint, sharepoint online, spo
exchange, exchange online, exo
teams, microsoft teams, ms teams
m365, microsoft 365, office 365, o365, 365
intune, microsoft intune, endpoint manager
powerautomate, power automate, flow
pstn, calling plan, telephony, telephone network, outside number, external number, phone system
mtr, teams room, teams rooms, room system
esp, enrollment status page, enrolment status page
kfm, known folder move
enroll, enrol, enrollment, enrolment
license, licence
wifi, wi fi, wlan, wireless
phone, mobile, mobile phone, cell phone, smartphone
iphone, ios
laptop, notebook
microphone, mic
camera, webcam
headset, headphone, earphone
printer, copier, scanner, multifunction device
file, document, doc
guest, external user, b2b
outside, external, outsider
leaver, ex employee, former employee, left the company, employee who left, person who left
sync, synchronize, synchronise, synchronization, synchronisation
recover, restore, bring back, get back
hang, stuck, freeze, frozen, not responding, unresponsive
crash, crashing, closes by itself
slow, slowly, sluggish, latency, lagging
late, delay, delayed
missing, gone, disappear, vanish, greyed out
blank, blank page, white screen, empty page
prompt, ask
video, picture
sound, audio, hear
noncompliant, not compliant, non compliant
phish, phishing, suspicious mail, suspicious email
malware, virus, ransomware, trojan
addin, add in, plugin, plug in, com add in
archive, online archive
forward, forwarding, redirect
permission, right, access right
full, quota, out of storage
"""
