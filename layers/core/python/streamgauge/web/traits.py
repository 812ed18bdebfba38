"""What is known of a user by name: the traits that clients told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, Field

from streamgauge.clock import MICROSECONDS, iso

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.store.postgres import Read

_TRAITS: Final = """
SELECT name, value, time FROM user_traits
WHERE site_no = %(site_no)s AND user_id = %(user_id)s AND value <> 'null' ORDER BY name
"""


class UserTraits(BaseModel):
    """A user's traits."""

    user_id: str
    traits: dict[str, Any] = Field(description="By name; of each the value of its latest event.")
    updated_at: str = Field(description="When the latest of them was told.")


def traits_of(read: Read, site: SiteRecord, user_id: str) -> UserTraits | None:
    """Return what is known of a user, None when that is nothing."""
    rows = read(_TRAITS, {"site_no": site.site_no, "user_id": user_id})
    if not rows:
        return None
    latest = max(time for _, _, time in rows)
    traits = {name: value for name, value, _ in rows}
    return UserTraits(user_id=user_id, traits=traits, updated_at=iso(latest // MICROSECONDS, site.timezone))
