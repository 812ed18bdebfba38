"""What the world sees: CloudFront before the API, the dashboard's files and the tracker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, SecretValue, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins

from infra.constructs.dashboard import DASHBOARD_PATHS, Dashboard
from infra.names import publish, read
from infra.permissions import SOCKET_STAGE
from infra.reasons import accept
from infra.stacks.web_acl import CLOUDFRONT_REGION, WebAclStack

if TYPE_CHECKING:
    from constructs import Construct

    from infra.environments import Stage

_HERE: Final = Path(__file__).parent


class Edge(Stack):
    """The stack that the world sees."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage, web_acl: WebAclStack | None) -> None:
        super().__init__(
            scope,
            construct_id,
            env={"region": stage.region},
            cross_region_references=web_acl is not None and stage.region != CLOUDFRONT_REGION,
            description="Streamgauge: what the world sees",
        )
        self._stage = stage
        self._viewer_request = self._association("ViewerRequest", "viewer_request.js")
        # The CDK's function that uploads the page depends by name on what it refers to anyway.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        dashboard = Dashboard(self, "Dashboard", stage)
        files = dashboard.behavior(self._association("DashboardRequest", "dashboard_request.js"))
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Streamgauge {stage.name}",
            default_behavior=self._api_behavior(),
            additional_behaviors={
                **dict.fromkeys(DASHBOARD_PATHS, files),
                f"/{SOCKET_STAGE}": self._socket_behavior(),
            },
            web_acl_id=web_acl.acl.attr_arn if web_acl else None,
            domain_names=[stage.domain_name] if stage.domain_name else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", stage.certificate_arn)
            if stage.certificate_arn
            else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if stage.certificate_arn else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_ALL,
        )
        accept(distribution, "CFR1", "Analytics serves the visitors of its sites, wherever they are.")
        accept(distribution, "CFR3", "Access logs would keep the addresses of viewers, which nothing here keeps.")
        if web_acl is None:
            accept(
                distribution,
                "CFR2",
                "A small stage goes without a firewall of its own ($8 a month); ingest limits rates in code.",
            )
        if not stage.domain_name:
            accept(
                distribution,
                "CFR4",
                "CloudFront's own name allows its own certificate only; with `domain_name` TLS 1.2 is the least.",
            )
        dashboard.upload(distribution)
        name = stage.domain_name or distribution.distribution_domain_name
        publish(self, stage, {"address": f"https://{name}", "dashboard-bucket": dashboard.bucket.bucket_name})
        CfnOutput(self, "Address", value=f"https://{name}")
        CfnOutput(
            self,
            "DistributionDomain",
            value=distribution.distribution_domain_name,
            description="CloudFront's own name; `domain_name` has to lead there (CNAME)",
        )
        CfnOutput(self, "DashboardBucket", value=dashboard.bucket.bucket_name)
        CfnOutput(self, "DistributionId", value=distribution.distribution_id)

    def _api_behavior(self) -> cloudfront.BehaviorOptions:
        origin = self._stage.origin_domain_name
        if not origin:
            origin = f"{read(self, self._stage, 'api-id')}.execute-api.{self.region}.{self.url_suffix}"
        return self._handed_on(origin, cloudfront.AllowedMethods.ALLOW_ALL)

    def _socket_behavior(self) -> cloudfront.BehaviorOptions:
        """Hand live connections on: the path is the stage of the WebSocket API."""
        origin = f"{read(self, self._stage, 'socket-api-id')}.execute-api.{self.region}.{self.url_suffix}"
        return self._handed_on(origin, cloudfront.AllowedMethods.ALLOW_GET_HEAD)

    def _handed_on(self, origin: str, methods: cloudfront.AllowedMethods) -> cloudfront.BehaviorOptions:
        """Hand requests on as they come, uncached, with the secret by which the origin knows this distribution."""
        secret = SecretValue.secrets_manager(read(self, self._stage, "origin-secret")).unsafe_unwrap()
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                origin,
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                # A header of this name from a client is overwritten.
                custom_headers={"x-origin-secret": secret},
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=methods,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[self._viewer_request],
        )

    def _association(self, construct_id: str, file: str) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            construct_id,
            function_name=f"streamgauge-{self._stage.name}-{construct_id}",
            code=cloudfront.FunctionCode.from_inline((_HERE / file).read_text("utf-8")),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
