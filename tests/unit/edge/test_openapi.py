import json
import sys
import types
from typing import Annotated

import pytest
from aws_lambda_powertools.event_handler.openapi.params import Query
from openapi_spec_validator import validate
from pydantic import BaseModel
from streamgauge.edge.http import OPEN, READ, application
from streamgauge.edge.openapi import ConflictingPartsError, document, write
from streamgauge.edge.parameters import ReportParameters

HTTP_FUNCTIONS = ("functions.api.admin", "functions.api.health", "functions.api.docs")


class Rows(BaseModel):
    results: list[str]


def module(name: str, **content: object) -> str:
    made = types.ModuleType(name)
    vars(made).update(content)
    sys.modules[name] = made
    return name


def a_report() -> str:
    app = application()

    @app.get("/report/<website_id>", security=READ, tags=["website"])
    def report(website_id: str, asked: Annotated[ReportParameters, Query()]) -> Rows:
        """Count things. And say more."""

    @app.get("/open", security=OPEN)
    def open_to_all() -> Rows:
        """Open."""

    return module("made_up_report", app=app)


@pytest.fixture(scope="module")
def published() -> dict:
    return document([*HTTP_FUNCTIONS, a_report()])


def test_it_is_valid(published) -> None:
    validate(json.loads(json.dumps(published)))


def test_routes_tell_who_may_call(published) -> None:
    assert published["paths"]["/report/{website_id}"]["get"]["security"] == [{"bearer": ["read"]}]
    assert "security" not in published["paths"]["/open"]["get"]
    assert "security" not in published


def test_routes_tell_their_problems_and_no_schema_of_the_framework(published) -> None:
    answers = published["paths"]["/report/{website_id}"]["get"]["responses"]
    assert set(answers) == {"200", "401", "403", "404", "422", "503"}
    assert list(answers["422"]["content"]) == ["application/problem+json"]
    assert set(published["paths"]["/api/v1/sites"]["post"]["responses"]) >= {"201", "400", "409", "413", "415"}
    assert "HTTPValidationError" not in json.dumps(published)
    assert "ResponseValidationError" not in json.dumps(published)


def test_reports_tell_the_bounds_of_their_parameters_and_their_csv(published) -> None:
    get = published["paths"]["/report/{website_id}"]["get"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in get["parameters"]}
    assert schemas["limit"] == {"default": 10, "maximum": 1000, "minimum": 1, "type": "integer"}
    assert schemas["bots"]["enum"] == ["exclude", "include", "only"]
    assert set(get["responses"]["200"]["content"]) == {"application/json", "text/csv"}
    assert get["summary"] == "Count things"


def test_two_functions_cannot_describe_one_route_differently() -> None:
    one = module("made_up_one", openapi=lambda: {"paths": {"/a": {"get": {"summary": "x", "responses": {}}}}})
    two = module("made_up_two", openapi=lambda: {"paths": {"/a": {"get": {"summary": "y", "responses": {}}}}})
    with pytest.raises(ConflictingPartsError, match="/a"):
        document([one, two])


def test_the_page_asks_nobody_else(tmp_path) -> None:
    write(tmp_path, ["functions.api.docs"])
    page = (tmp_path / "docs.html").read_text("utf-8")
    head = page[: page.index("<style>")]
    assert "default-src 'none'" in head
    assert "connect-src 'self'" in head
    assert "unsafe-eval" not in head
    for outside in ('src="http', "src='http", 'href="http', "@import"):
        assert outside not in head
    assert page.count("</script>") == 2
    assert set(json.loads((tmp_path / "openapi.json").read_text("utf-8"))["paths"]) == {"/docs", "/openapi.json"}
