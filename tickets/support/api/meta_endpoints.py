"""What the app asks about the connection itself."""

from __future__ import annotations

from django.utils import timezone

from tickets.support.api.endpoints import ApiCall, Reply, endpoint

VERSION = "1"


@endpoint("self_test", methods=["GET"])
def self_test(call: ApiCall) -> Reply:
    """Say how the repository is set up; answered before the set-up is complete, too."""
    integration, repository = call.integration, call.repository
    setup = integration.setup
    return Reply(
        {
            "repository_id": repository.repository_id,
            "organization": call.tenant.name,
            "setup": setup.id if setup else None,
            "features": [feature.id for feature in integration.features],
            "is_test": integration.is_test or repository.is_test,
            "is_complete": repository.is_complete_for(setup),
            "app_id": integration.outbound_app_id,
            "version": VERSION,
            "server_time": timezone.now().isoformat(),
        }
    )
