"""What the connector tells the layers above; it never calls them.

Every signal is sent with `connection` (those of Microsoft Graph with `tenant`), inside
the transaction that changed it.
"""

from __future__ import annotations

from django.dispatch import Signal

# A token was obtained for a connection, for the first time or again.
authorized = Signal()
# A broken connection works again.
mended = Signal()
# The connection was removed; its secrets are gone.
removed = Signal()
# A page about the connection is made, outside of a transaction: receivers return a
# list of `connector.hints.Hint`.
shown = Signal()
# The access to Microsoft Graph was entered, changed, or found working again.
graph_changed = Signal()
