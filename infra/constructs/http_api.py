"""The HTTP API: every route of the catalog, the authorizer that lets everybody through, CORS, and the stage.

A route key must not end in a slash (API Gateway refuses it), so whoever stands before the API, CloudFront or the local front door,
takes one trailing slash off every path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.catalog import AUTHORIZER, DOCS
from infra.reasons import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.constructs.service_function import ServiceFunction
    from infra.environments import Stage

# OPTIONS is not among them: see `_other_routes`.
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# No address and no key: paths of ours hold ids of sites and videos only.
_ACCESS_LOG: Final = (
    '{"time":"$context.requestTime","route":"$context.routeKey","status":"$context.status",'
    '"latency":"$context.responseLatency","bytes":"$context.responseLength","error":"$context.integrationErrorMessage"}'
)


class HttpApi(Construct):
    """The API in front of the functions."""

    def __init__(
        self, scope: Construct, construct_id: str, stage: Stage, functions: Mapping[str, ServiceFunction]
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._api = apigatewayv2.CfnApi(
            self,
            "Api",
            name=f"streamgauge-{stage.name}",
            protocol_type="HTTP",
            disable_execute_api_endpoint=bool(stage.origin_domain_name),
            # Keys are no cookies: a page of any origin may send events, and read what it has a key for.
            cors_configuration=apigatewayv2.CfnApi.CorsProperty(
                # By name, and with credentials: some browser libraries (PostHog's) ask with them, though nothing here looks at cookies.
                allow_origins=["https://*", "http://*"],
                allow_credentials=True,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                allow_headers=[
                    *("authorization", "content-type", "content-encoding", "x-write-key", "cache-control"),
                    # RudderStack's browser library sends the first two, Umami's tracker the third.
                    *("anonymousid", "sentat", "x-umami-cache"),
                    # What retries say, of Segment's browser library and of RudderStack's: refused, they would retry in vain.
                    *("x-retry-count", "rsa-recovered", "rsa-retry-attempt", "rsa-retry-reason"),
                    *("rsa-since-first-attempt", "rsa-since-last-attempt"),
                ],
                expose_headers=["retry-after"],
                max_age=86_400,
            ),
        )
        self.api_id = self._api.ref
        self._authorizer = self._make_authorizer(functions[AUTHORIZER])
        deployed = self._make_stage()
        for function in functions.values():
            if function.row.routes:
                self._routes_of(function)
        self._other_routes(functions[DOCS])
        if stage.origin_domain_name:
            self._origin_domain(deployed)

    def _make_authorizer(self, function: ServiceFunction) -> apigatewayv2.CfnAuthorizer:
        authorizer = apigatewayv2.CfnAuthorizer(
            self,
            "Authorizer",
            api_id=self.api_id,
            name="caller",
            authorizer_type="REQUEST",
            authorizer_payload_format_version="2.0",
            enable_simple_responses=True,
            # A cached answer would cover all routes, and an identity source would refuse callers without one in words of its own.
            authorizer_result_ttl_in_seconds=0,
            identity_source=[],
            authorizer_uri=self._invocation_uri(function),
        )
        self._allow(function, f"authorizers/{authorizer.ref}", "Authorizer")
        return authorizer

    def _make_stage(self) -> apigatewayv2.CfnStage:
        access_log = None
        if self._stage.access_logs:
            group = logs.LogGroup(
                self,
                "AccessLogs",
                log_group_name=f"/streamgauge/{self._stage.name}/requests",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.DESTROY,
            )
            access_log = apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=group.log_group_arn, format=_ACCESS_LOG
            )
        stage = apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=access_log,
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=self._stage.throttle_requests_per_second,
                throttling_burst_limit=self._stage.throttle_burst,
            ),
        )
        if access_log is None:
            accept(
                stage,
                "APIG1",
                "An access log of a small stage would cost more than its requests; the stage's metrics count them.",
            )
        return stage

    def _routes_of(self, function: ServiceFunction) -> None:
        integration = self._integration(function)
        for route in function.row.routes:
            key = f"{route.method} {route.path}"
            made = apigatewayv2.CfnRoute(
                self,
                "Route " + key.replace("/", ":"),
                api_id=self.api_id,
                route_key=key,
                target=f"integrations/{integration.ref}",
                authorization_type="NONE" if route.open else "CUSTOM",
                authorizer_id=None if route.open else self._authorizer.ref,
            )
            if route.open:
                accept(
                    made,
                    "APIG4",
                    "Open by design: ingest finds the key itself, wherever a client puts it; health and documentation are for everybody.",
                )
        self._allow(function, "*/*/*", "Routes")

    def _other_routes(self, function: ServiceFunction) -> None:
        """Lead every other path to the function that says so, a method at a time.

        `$default` would take OPTIONS as well, and its 404 would be the answer to every preflight; without a route for OPTIONS
        API Gateway answers preflights itself, out of the CORS configuration:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
        """
        for method in _METHODS:
            made = apigatewayv2.CfnRoute(
                self,
                f"Route {method} other",
                api_id=self.api_id,
                route_key=f"{method} /{{proxy+}}",
                target=f"integrations/{self._integration(function).ref}",
                authorization_type="NONE",
            )
            accept(made, "APIG4", "It answers 404 or 405 to everybody.")

    def _integration(self, function: ServiceFunction) -> apigatewayv2.CfnIntegration:
        name = f"Integration {function.row.name}"
        known = self.node.try_find_child(name)
        if isinstance(known, apigatewayv2.CfnIntegration):
            return known
        return apigatewayv2.CfnIntegration(
            self,
            name,
            api_id=self.api_id,
            integration_type="AWS_PROXY",
            integration_uri=function.function.function_arn,
            payload_format_version="2.0",
        )

    def _invocation_uri(self, function: ServiceFunction) -> str:
        stack = Stack.of(self)
        return (
            f"arn:{stack.partition}:apigateway:{stack.region}:lambda:path/2015-03-31/functions/"
            f"{function.function.function_arn}/invocations"
        )

    def _allow(self, function: ServiceFunction, what: str, name: str) -> None:
        """Let this API, and no other, invoke a function."""
        lambda_.CfnPermission(
            function,
            f"InvokedBy{name}",
            action="lambda:InvokeFunction",
            function_name=function.function.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=Stack.of(self).format_arn(service="execute-api", resource=self.api_id, resource_name=what),
        )

    def _origin_domain(self, deployed: apigatewayv2.CfnStage) -> None:
        """Serve the API under a name of the team's own, so that the direct endpoint can be closed."""
        domain = apigatewayv2.CfnDomainName(
            self,
            "OriginDomain",
            domain_name=self._stage.origin_domain_name,
            domain_name_configurations=[
                apigatewayv2.CfnDomainName.DomainNameConfigurationProperty(
                    certificate_arn=self._stage.origin_certificate_arn,
                    endpoint_type="REGIONAL",
                    security_policy="TLS_1_2",
                )
            ],
        )
        # By its reference, not its name: a mapping to a stage that is not there yet is refused.
        apigatewayv2.CfnApiMapping(
            self, "OriginMapping", api_id=self.api_id, domain_name=domain.ref, stage=deployed.ref
        )
        CfnOutput(
            Stack.of(self),
            "OriginTarget",
            value=domain.attr_regional_domain_name,
            description=f"Where {self._stage.origin_domain_name} has to lead (CNAME)",
        )
