import json
from fnmatch import fnmatchcase
from typing import Any

from functions.api.ingest import PREFLIGHT
from infra.catalog import CATALOG
from infra.cost import alarms
from tests.infra.conftest import Assembly
from tests.infra.test_permissions import roles_of_functions, statements, text


def test_every_function_runs_as_the_house_says(assembly: Assembly) -> None:
    made = {
        one["Properties"]["Handler"]: one["Properties"]
        for one in assembly["Compute"].of("AWS::Lambda::Function").values()
    }
    for row in CATALOG:
        if row.aurora_only and not assembly.stage.makes_network:
            continue
        properties = made[row.handler]
        assert properties["FunctionName"] == f"streamgauge-{assembly.stage.name}-{row.name.replace('_', '-')}"
        assert (properties["MemorySize"], properties["Timeout"]) == (row.memory, row.timeout)
        assert properties["Runtime"] == "python3.13"
        assert "SnapStart" not in properties
        logging = properties["LoggingConfig"]
        assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")
        assert len(properties["Layers"]) == 2
        variables = properties["Environment"]["Variables"]
        assert variables["STREAMGAUGE_STAGE"] == assembly.stage.name
        assert {"STREAM_NAME", "COUNTERS_TABLE", "LIVE_TABLE", "REGISTRY_TABLE", "STATUS_TABLE"} <= set(variables)
        assert {"DEAD_LETTERS_TABLE", "ARCHIVE_BUCKET", "BATCH_SIZE", "ANALYTICS_ENABLED"} <= set(variables)


def test_logs_do_not_stay_for_ever(assembly: Assembly) -> None:
    groups = assembly["Compute"].of("AWS::Logs::LogGroup")
    assert [name for name, one in groups.items() if "RetentionInDays" not in one["Properties"]] == []


def mappings(assembly: Assembly) -> dict[str, dict[str, object]]:
    template = assembly["Compute"]
    functions = {name: one["Properties"]["Handler"] for name, one in template.of("AWS::Lambda::Function").items()}
    return {
        functions[one["Properties"]["FunctionName"]["Ref"]]: one["Properties"]
        for one in template.of("AWS::Lambda::EventSourceMapping").values()
    }


def test_consumers_are_fed_as_reliability_says(assembly: Assembly) -> None:
    found = mappings(assembly)
    warehouse, live = found["functions.consumers.warehouse.handler"], found["functions.consumers.live.handler"]
    age = 24 * 3600 if assembly.stage.name == "standard" else 23 * 3600
    for one in (warehouse, live):
        assert one["StartingPosition"] == "TRIM_HORIZON"
        assert one["BisectBatchOnFunctionError"] is True
        assert one["MaximumRetryAttempts"] == 100
        assert one["MaximumRecordAgeInSeconds"] == age
        assert one["BatchSize"] == 1000
        assert ":s3:::" in text(one["DestinationConfig"]["OnFailure"]["Destination"])
        assert "FunctionResponseTypes" not in one
    assert warehouse["MaximumBatchingWindowInSeconds"] == (1 if assembly.stage.local else 5)
    assert warehouse["ParallelizationFactor"] == 2
    assert live["MaximumBatchingWindowInSeconds"] == 0
    assert set(found) == {
        "functions.consumers.warehouse.handler",
        "functions.consumers.live.handler",
        "functions.streams.alert_sender.handler",
    }


def test_a_consumer_may_write_what_its_mapping_gives_up(deployed: Assembly) -> None:
    role = deployed["Compute"].body["Resources"][roles_of_functions(deployed)["consumers/warehouse"]]
    written = [text(one["Resource"]) for one in statements(role) if "s3:PutObject" in one["Action"]]
    assert any("/aws/lambda/*" in resource for resource in map(str, written))


def test_every_schedule_starts_its_one_function_with_a_role_of_its_own(assembly: Assembly) -> None:
    template = assembly["Compute"]
    schedules = template.of("AWS::Scheduler::Schedule")
    rows = {f"streamgauge-{assembly.stage.name}-{row.name.replace('_', '-')}": row for row in CATALOG if row.schedule}
    assert {one["Properties"]["Name"] for one in schedules.values()} == set(rows)
    roles = set()
    for one in schedules.values():
        properties = one["Properties"]
        assert properties["ScheduleExpression"] == rows[properties["Name"]].schedule
        role = properties["Target"]["RoleArn"]["Fn::GetAtt"][0]
        roles.add(role)
        (statement,) = statements(template.body["Resources"][role])
        assert statement["Action"] == "lambda:InvokeFunction"
        assert statement["Resource"] == properties["Target"]["Arn"]
    assert len(roles) == len(schedules)


def test_the_jobs_that_close_periods_run_every_quarter_of_an_hour() -> None:
    quarter = {row.name for row in CATALOG if row.schedule == "cron(0/15 * * * ? *)"}
    assert quarter == {"hourly_aggregation", "daily_aggregation", "daily_reset", "monthly_reset"}


def test_the_api_has_every_route_and_asks_its_authorizer_without_a_cache(assembly: Assembly) -> None:
    template = assembly["Compute"]
    (authorizer,) = template.of("AWS::ApiGatewayV2::Authorizer").values()
    properties = authorizer["Properties"]
    assert properties["AuthorizerPayloadFormatVersion"] == "2.0"
    assert properties["EnableSimpleResponses"] is True
    assert properties["AuthorizerResultTtlInSeconds"] == 0
    assert properties["IdentitySource"] == []
    ((sockets, _),) = ((name, one) for name, one in apis(template).items() if one["ProtocolType"] == "WEBSOCKET")
    routes = {one["RouteKey"]: one for one in parts(template, "Route") if one["ApiId"] != {"Ref": sockets}}
    asked = {f"{route.method} {route.path}": route.open for row in CATALOG for route in row.routes}
    asked |= {f"{method} /{{proxy+}}": True for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}
    assert {key: one["AuthorizationType"] == "NONE" for key, one in routes.items()} == asked
    integrations = [one for one in parts(template, "Integration") if one["ApiId"] != {"Ref": sockets}]
    assert {one["PayloadFormatVersion"] for one in integrations} == {"2.0"}


def test_no_route_takes_preflights_so_that_the_api_answers_them_itself(assembly: Assembly) -> None:
    template = assembly["Compute"]
    http = {name for name, one in apis(template).items() if one["ProtocolType"] == "HTTP"}
    keys = [one["RouteKey"] for one in parts(template, "Route") if one["ApiId"]["Ref"] in http]
    assert [key for key in keys if key.split()[0] in ("$default", "ANY", "OPTIONS")] == []


def test_the_api_may_start_the_function_of_every_route(assembly: Assembly) -> None:
    template = assembly["Compute"]
    integrations = {name: one["Properties"] for name, one in template.of("AWS::ApiGatewayV2::Integration").items()}
    allowed: dict[str, list[str]] = {}
    for one in template.of("AWS::Lambda::Permission").values():
        source = text(one["Properties"]["SourceArn"]).rpartition(":")[2]
        allowed.setdefault(text(one["Properties"]["FunctionName"]), []).append(source)
    for route in parts(template, "Route"):
        uri = text(integrations[route["Target"]["Fn::Join"][1][1]["Ref"]]["IntegrationUri"])
        # What API Gateway comes as: its id, the stage, and the route's key with its method and path apart.
        comes_as = f"{text(route['ApiId'])}/$stage/{route['RouteKey'].replace(' /', '/')}".rpartition(":")[2]
        sources = [source for function, found in allowed.items() if function in uri for source in found]
        assert any(fnmatchcase(comes_as, source) for source in sources), (comes_as, sources)


def test_pages_of_every_origin_may_send_whatever_their_clients_do(assembly: Assembly) -> None:
    (api,) = (one for one in apis(assembly["Compute"]).values() if one["ProtocolType"] == "HTTP")
    cors = api["CorsConfiguration"]
    # A bare * would keep out requests with credentials, which PostHog's library makes.
    assert (cors["AllowOrigins"], cors["AllowCredentials"]) == (["https://*", "http://*"], True)
    # Segment's, RudderStack's and Umami's: all that ingest itself says to be allowed, retries included.
    assert set(PREFLIGHT["access-control-allow-headers"].split(", ")) <= set(cors["AllowHeaders"])


def apis(template: Any) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in template.of("AWS::ApiGatewayV2::Api").items()}


def parts(template: Any, kind: str) -> list[Any]:
    return [one["Properties"] for one in template.of(f"AWS::ApiGatewayV2::{kind}").values()]


def test_live_connections_have_an_api_whose_stage_is_their_path(assembly: Assembly) -> None:
    template = assembly["Compute"]
    ((sockets, _),) = ((name, one) for name, one in apis(template).items() if one["ProtocolType"] == "WEBSOCKET")
    own = {"ApiId": {"Ref": sockets}}
    assert {one["RouteKey"] for one in parts(template, "Route") if own.items() <= one.items()} == {
        "$connect",
        "$default",
        "$disconnect",
    }
    assert [one["StageName"] for one in parts(template, "Stage") if own.items() <= one.items()] == ["ws"]
    told = {
        row.module
        for row in CATALOG
        for one in template.of("AWS::Lambda::Function").values()
        if one["Properties"]["Handler"] == row.handler
        and "SOCKETS_ENDPOINT" in one["Properties"]["Environment"]["Variables"]
    }
    assert told == {row.module for row in CATALOG if row.pushes}


def test_migrations_run_when_a_schema_file_is_new_and_before_the_functions_that_need_it(deployed: Assembly) -> None:
    template = deployed["Compute"]
    ((migrations, step),) = template.of("Custom::StreamgaugeMigrations").items()
    assert len(step["Properties"]["SchemaHash"]) == 16
    ((roles, made),) = template.of("Custom::StreamgaugeDatabaseRoles").items()
    assert made["Properties"]["MaxDbConnections"] == "100", "a changed limit makes them anew"
    assert roles in step["DependsOn"]
    for one in template.of("AWS::Lambda::Function").values():
        row = next((row for row in CATALOG if row.handler == one["Properties"]["Handler"]), None)
        if row is not None and row.postgres is not None and row.module != "deploy/migrations":
            assert migrations in one["DependsOn"], row.module


def test_a_small_stage_has_at_most_ten_alarms_and_each_tells_somebody(assembly: Assembly) -> None:
    found = assembly.every("AWS::CloudWatch::Alarm")
    assert len(found) == alarms(assembly.stage)
    assert all(one["Properties"]["AlarmActions"] for one in found.values())
    if not assembly.stage.every_alarm:
        assert len(found) <= 10
    assert len(assembly.every("AWS::CloudWatch::Dashboard")) == 1


def test_alarms_may_write_to_their_topic(deployed: Assembly) -> None:
    """A topic with a policy of its own lets in whom that names, and nobody by default."""
    ((topic, _),) = deployed["Compute"].of("AWS::SNS::Topic").items()
    policies = [one["Properties"] for one in deployed["Compute"].of("AWS::SNS::TopicPolicy").values()]
    found = [one for policy in policies for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in found] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert [(one["Action"], one["Resource"]) for one in found] == [("sns:Publish", {"Ref": topic})]
    assert all(one["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}} for one in found)


def test_a_standard_stage_watches_every_function(standard: Assembly) -> None:
    names = {one["Properties"]["AlarmName"] for one in standard.every("AWS::CloudWatch::Alarm").values()}
    assert {f"streamgauge-standard-{row.name.replace('_', '-')}-errors" for row in CATALOG} <= names


def test_the_outputs_say_where_everything_is(local: Assembly) -> None:
    outputs = local["Compute"].body["Outputs"]
    functions = json.loads(outputs["Functions"]["Value"])
    assert functions["daily_reset"] == "streamgauge-local-daily-reset"
    assert set(functions) == {row.name for row in CATALOG if not row.aurora_only}
    assert {"ApiId", "ApiUrl"} <= set(outputs)


def test_the_local_database_is_a_plain_url(local: Assembly) -> None:
    for one in local["Compute"].of("AWS::Lambda::Function").values():
        row = next((row for row in CATALOG if row.handler == one["Properties"]["Handler"]), None)
        if row is not None and row.postgres is not None:
            assert one["Properties"]["Environment"]["Variables"]["DATABASE_URL"] == "postgresql://somewhere/streamgauge"
