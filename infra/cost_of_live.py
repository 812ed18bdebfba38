"""What media servers and open dashboards add to a month of `infra/cost.py`, at list prices without allowances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from infra.catalog import function
from infra.cost import ASSUMED, GB, MILLION

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTES_A_MONTH: Final = 43_800

# A heartbeat writes the state of its session (its last 32 calls, about 2.5 kB) and its row in the list, each a unit a kilobyte,
# and reads the state before (a unit a started 4 kB).
_WRITE_UNITS: Final = 4
_READ_UNITS: Final = 1
_CALL_SECONDS: Final = 0.05
"""Of the function: its waits for DynamoDB and Kinesis, mostly."""
_CALL_BYTES: Final = 900
# A message that figures or an event make is under 1 kB: one unit of 32 kB.
_PUSH_SECONDS: Final = 0.001
"""Of the live consumer, per message: it has 32 of them under way at once."""


def session_calls(prices: Mapping[str, Any], calls: float) -> dict[str, float]:
    """Return what so many calls about sessions cost, by service: a start, a heartbeat or a stop is one."""
    memory = function("api/sessions").memory
    edge, gateway, dynamodb = prices["cloudfront"], prices["api_gateway"], prices["dynamodb"]
    database = ASSUMED.wal_bytes_per_event / 4096 * prices["aurora"]["io_per_million"]
    per_million = {
        "cloudfront": edge["https_requests_per_million"]
        + edge["function_invocations_per_million"]
        + _CALL_BYTES * MILLION / GB * edge["gb_to_origin"],
        "api_gateway": gateway["http_requests_per_million"],
        "lambda": prices["lambda"]["requests_per_million"]
        + MILLION * _CALL_SECONDS * memory / 1024 * prices["lambda"]["arm_gb_second"],
        "dynamodb": _WRITE_UNITS * dynamodb["write_units_per_million"]
        + _READ_UNITS * dynamodb["read_units_per_million"],
        "kinesis": prices["kinesis"]["put_units_per_million"],
        "aurora": database,
    }
    return {service: price * calls / MILLION for service, price in per_million.items()}


def connections(prices: Mapping[str, Any], open_connections: float, messages_a_minute: float = 60) -> dict[str, float]:
    """Return what so many live connections, open all month, cost by service; each gets so many messages."""
    minutes = open_connections * _MINUTES_A_MONTH
    messages = minutes * messages_a_minute
    memory, gateway = function("consumers/live").memory, prices["api_gateway"]
    return {
        "api_gateway": messages / MILLION * gateway["socket_messages_per_million"]
        + minutes / MILLION * gateway["socket_connection_minutes_per_million"],
        "lambda": messages * _PUSH_SECONDS * memory / 1024 * prices["lambda"]["arm_gb_second"],
    }
