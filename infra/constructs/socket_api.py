"""The WebSocket API of live connections, on a stage named as the path that CloudFront hands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.permissions import SOCKET_STAGE
from infra.reasons import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.constructs.service_function import ServiceFunction
    from infra.environments import Stage


class SocketApi(Construct):
    """Made before the functions, since those that push must know it; `connect` gives it its routes."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.api_id = apigatewayv2.CfnApi(
            self,
            "Api",
            name=f"streamgauge-{stage.name}-live",
            protocol_type="WEBSOCKET",
            # Every message goes to one function, which reads it itself.
            route_selection_expression="$request.body.action",
        ).ref

    @property
    def endpoint(self) -> str:
        """Return where messages to connections are sent. On a laptop the front door holds the connections."""
        if self._stage.local:
            return f"http://127.0.0.1:{self._stage.port}/{SOCKET_STAGE}"
        stack = Stack.of(self)
        return f"https://{self.api_id}.execute-api.{stack.region}.{stack.url_suffix}/{SOCKET_STAGE}"

    def may_push(self) -> iam.PolicyStatement:
        """Return the permission to send messages to the connections of this API."""
        connections = Stack.of(self).format_arn(
            service="execute-api", resource=self.api_id, resource_name=f"{SOCKET_STAGE}/POST/@connections/*"
        )
        return iam.PolicyStatement(actions=["execute-api:ManageConnections"], resources=[connections])

    def connect(self, functions: Mapping[str, ServiceFunction]) -> None:
        """Lead each of the API's routes to its function, and open the stage."""
        stack = Stack.of(self)
        routes = [self._route(function) for function in functions.values() if function.row.socket is not None]
        stage = apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self.api_id,
            stage_name=SOCKET_STAGE,
            auto_deploy=True,
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=self._stage.throttle_requests_per_second,
                throttling_burst_limit=self._stage.throttle_burst,
            ),
        )
        for route in routes:
            stage.add_dependency(route)
        accept(
            stage, "APIG1", "An access log would keep the tickets of addresses; the stage's metrics count connections."
        )
        for function in functions.values():
            if function.row.socket is not None:
                lambda_.CfnPermission(
                    function,
                    "InvokedBySocket",
                    action="lambda:InvokeFunction",
                    function_name=function.function.function_arn,
                    principal="apigateway.amazonaws.com",
                    source_arn=stack.format_arn(service="execute-api", resource=self.api_id, resource_name="*"),
                )

    def _route(self, function: ServiceFunction) -> apigatewayv2.CfnRoute:
        stack, key = Stack.of(self), str(function.row.socket)
        integration = apigatewayv2.CfnIntegration(
            self,
            f"Integration {function.row.name}",
            api_id=self.api_id,
            integration_type="AWS_PROXY",
            integration_uri=(
                f"arn:{stack.partition}:apigateway:{stack.region}:lambda:path/2015-03-31/functions/"
                f"{function.function.function_arn}/invocations"
            ),
        )
        route = apigatewayv2.CfnRoute(
            self,
            f"Route {function.row.name}",
            api_id=self.api_id,
            route_key=key,
            target=f"integrations/{integration.ref}",
            authorization_type="NONE",
        )
        accept(
            route, "APIG4", "A connection opens with a ticket, which the function takes: good once, and for a minute."
        )
        return route
