import json
import subprocess
from pathlib import Path

import pytest

from infra import page, stacks
from infra.app import build
from infra.environments import load_stage
from infra.local.gateway import handed_on
from tests.infra.conftest import Assembly, lint

FILES = Path(stacks.__file__).parent


def run(file: str, uri: str, headers: dict[str, str] | None = None) -> dict[str, object]:
    """Run a CloudFront function as CloudFront does."""
    request = {"uri": uri, "headers": {name: {"value": value} for name, value in (headers or {}).items()}}
    event = json.dumps({"request": request, "viewer": {"ip": "203.0.113.9"}})
    script = f"{(FILES / file).read_text()}\nconsole.log(JSON.stringify(handler({event})))"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def config(assembly: Assembly) -> dict[str, object]:
    (distribution,) = assembly.every("AWS::CloudFront::Distribution").values()
    return distribution["Properties"]["DistributionConfig"]


def test_the_viewers_address_is_cloudfronts_word_and_not_the_clients() -> None:
    said = {"host": "stats.example.org", "x-viewer-ip": "10.0.0.1", "x-viewer-host": "evil.example"}
    assert run("viewer_request.js", "/api/events", said)["headers"] == {
        "host": {"value": "stats.example.org"},
        "x-viewer-ip": {"value": "203.0.113.9"},
        "x-viewer-host": {"value": "stats.example.org"},
    }


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        *(("/health/", "/health"), ("/health", "/health"), ("/", "/"), ("/e//", "/e/")),
        *(("//api/send", "/api/send"), ("///e/", "/e"), ("//", "/")),
    ],
)
def test_one_trailing_slash_is_taken_off_and_one_leading_one_left(asked: str, sent: str) -> None:
    assert run("viewer_request.js", asked)["uri"] == sent
    assert handed_on(asked) == sent


def test_the_dashboard_stands_at_the_root() -> None:
    assert run("dashboard_request.js", "/")["uri"] == "/index.html"
    assert run("dashboard_request.js", "/assets/a.js")["uri"] == "/assets/a.js"


def test_everything_but_the_dashboard_goes_to_the_api_uncached_and_with_the_secret(deployed: Assembly) -> None:
    found = config(deployed)
    default = found["DefaultCacheBehavior"]
    assert set(default["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert default["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert default["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader
    assert default["FunctionAssociations"][0]["EventType"] == "viewer-request"
    (api,) = (one for one in found["Origins"] if one["Id"] == default["TargetOriginId"])
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    (header,) = api["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-origin-secret"
    assert "{{resolve:secretsmanager:" in json.dumps(header["HeaderValue"])
    assert {one["PathPattern"] for one in found["CacheBehaviors"]} >= {"/", "/index.html", "/assets/*", "/tracker/*"}
    assert len(found["Origins"]) == 3
    (live,) = (one for one in found["CacheBehaviors"] if one["PathPattern"] == "/ws")
    assert live["OriginRequestPolicyId"] == default["OriginRequestPolicyId"]
    assert live["TargetOriginId"] not in {one["TargetOriginId"] for one in found["CacheBehaviors"] if one is not live}


def test_the_dashboards_bucket_is_read_by_this_distribution_alone(deployed: Assembly) -> None:
    assert len(deployed.every("AWS::CloudFront::OriginAccessControl")) == 1
    (policy,) = deployed["Edge"].of("AWS::S3::BucketPolicy").values()
    (allowed,) = (one for one in policy["Properties"]["PolicyDocument"]["Statement"] if one["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "AWS:SourceArn" in allowed["Condition"]["StringEquals"]


def test_nobody_speaks_plain_http(deployed: Assembly) -> None:
    found = config(deployed)
    policies = {one["ViewerProtocolPolicy"] for one in [found["DefaultCacheBehavior"], *found["CacheBehaviors"]]}
    assert policies == {"https-only", "redirect-to-https"}


def test_only_a_standard_stage_has_a_firewall(small: Assembly, standard: Assembly) -> None:
    assert small.every("AWS::WAFv2::WebACL") == {}
    assert "WebACLId" not in config(small)
    (acl,) = standard["WebAcl"].of("AWS::WAFv2::WebACL").values()
    assert acl["Properties"]["Scope"] == "CLOUDFRONT"
    assert [rule["Name"] for rule in acl["Properties"]["Rules"]] == ["TooManyRequests", "KnownBadAddresses"]
    assert config(standard)["WebACLId"]


def test_the_firewall_lets_a_back_end_send_what_its_key_may_and_asks_the_rest_to_come_back(standard: Assembly) -> None:
    (acl,) = standard["WebAcl"].of("AWS::WAFv2::WebACL").values()
    flood = acl["Properties"]["Rules"][0]
    assert flood["Statement"]["RateBasedStatement"]["Limit"] == 5 * standard.stage.analytics_rate_limit_per_key
    answer = flood["Action"]["Block"]["CustomResponse"]
    assert (answer["ResponseCode"], answer["ResponseHeaders"]) == (429, [{"Name": "retry-after", "Value": "60"}])


def test_the_firewall_stands_in_us_east_1_wherever_the_stage_is(tmp_path: Path) -> None:
    stage = load_stage("far", {"far": {"profile": "standard", "region": "eu-central-1"}}, {})
    build(stage, str(tmp_path)).synth()
    manifest = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    regions = {name: one["environment"].rpartition("/")[2] for name, one in manifest.items() if "environment" in one}
    assert regions["Streamgauge-far-WebAcl"] == "us-east-1"
    assert regions["Streamgauge-far-Edge"] == "eu-central-1"


def test_with_names_of_its_own_the_direct_endpoint_is_closed(tmp_path: Path) -> None:
    stage = load_stage(
        "named",
        {
            "named": {
                "domain_name": "stats.example.org",
                "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/a",
                "origin_domain_name": "origin.stats.example.org",
                "origin_certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/b",
            }
        },
        {},
    )
    build(stage, str(tmp_path)).synth()
    named = Assembly(stage, tmp_path)
    apis = named.every("AWS::ApiGatewayV2::Api").values()
    (api,) = (one for one in apis if one["Properties"]["ProtocolType"] == "HTTP")
    assert api["Properties"]["DisableExecuteApiEndpoint"] is True
    assert config(named)["Aliases"] == ["stats.example.org"]
    (mapping,) = named["Compute"].of("AWS::ApiGatewayV2::ApiMapping").values()
    assert mapping["Properties"]["Stage"]["Ref"] in named["Compute"].of("AWS::ApiGatewayV2::Stage"), "made after it"
    assert "RegionalDomainName" in str(named["Compute"].body["Outputs"]["OriginTarget"]["Value"])
    assert "DomainName" in str(named["Edge"].body["Outputs"]["DistributionDomain"]["Value"])
    assert lint(named) == ""
    assert "origin.stats.example.org" in [one["DomainName"] for one in config(named)["Origins"]]


def test_the_page_is_uploaded_after_the_files_that_it_needs(deployed: Assembly) -> None:
    uploads = deployed["Edge"].of("Custom::CDKBucketDeployment")
    (page,) = (name for name, one in uploads.items() if "index.html" in one["Properties"]["Include"])
    (assets,) = (name for name, one in uploads.items() if one["Properties"]["Include"] == ["assets/*"])
    assert assets in uploads[page]["DependsOn"]
    assert "immutable" in uploads[assets]["Properties"]["SystemMetadata"]["cache-control"]
    assert uploads[page]["Properties"]["SystemMetadata"] == {"cache-control": "no-cache"}
    assert uploads[page]["Properties"]["DistributionPaths"] == ["/", "/index.html", "/config.json"]
    assert not any(one["Properties"]["Prune"] for one in uploads.values())


def test_the_page_runs_its_own_script_alone_and_stands_in_no_frame(deployed: Assembly) -> None:
    (policy,) = deployed["Edge"].of("AWS::CloudFront::ResponseHeadersPolicy").values()
    said = policy["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert said["ContentSecurityPolicy"]["ContentSecurityPolicy"] == page.policy({})
    assert said["FrameOptions"]["FrameOption"] == "DENY"
    behaviors = {one["PathPattern"]: one for one in config(deployed)["CacheBehaviors"]}
    assert all(
        "ResponseHeadersPolicyId" in behaviors[path] for path in ("/", "/index.html", "/config.json", "/assets/*")
    )


def test_the_tracker_is_uploaded_and_held_for_an_hour(deployed: Assembly) -> None:
    uploads = deployed["Edge"].of("Custom::CDKBucketDeployment").values()
    (tracker,) = (one["Properties"] for one in uploads if one["Properties"]["Include"] == ["streamgauge.js"])
    assert tracker["DestinationBucketKeyPrefix"] == "tracker"
    assert tracker["SystemMetadata"] == {"cache-control": "public, max-age=3600"}
    assert tracker["DistributionPaths"] == ["/tracker/*"]


def test_a_stage_issynthesized_without_the_page_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUILT", "TRACKER"):
        monkeypatch.setattr(f"infra.constructs.dashboard.{name}", tmp_path / "nothing")
    build(load_stage("bare", {"bare": {"nag": False}}, {}), str(tmp_path)).synth()
    assert Assembly(load_stage("bare", {"bare": {}}, {}), tmp_path)["Edge"].of("Custom::CDKBucketDeployment") == {}
