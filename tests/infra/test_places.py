"""The city database: chosen by the setting, in a layer of its own, for the functions that look into it and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.catalog import CATALOG
from infra.environments import load_stage
from infra.geoip import DB_IP, GEOLITE, city_database
from tests.infra.conftest import Assembly, size_of, synthesize
from tests.support.mmdb import write_database

RECORD = {"8.8.8.0/24": {"country_code": "US"}}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("own") / "cities.mmdb", RECORD, kind="GeoLite2-City")


@pytest.fixture(scope="module")
def placed(own: Path) -> Assembly:
    return synthesize("small", {}, str(own))


def test_the_free_database_is_used_where_it_was_fetched(tmp_path: Path) -> None:
    assert city_database(None, tmp_path) is None
    files = tuple(write_database(tmp_path / name, RECORD) for name in ("a.mmdb", "b.mmdb"))
    found = city_database(None, tmp_path)
    assert found is not None
    assert (found.files, found.attribution, found.path) == (files, DB_IP, os.pathsep.join(map(str, files)))


@pytest.mark.parametrize("setting", ["", "none", " None "])
def test_a_stage_can_go_without(setting: str) -> None:
    assert city_database(setting) is None


@pytest.mark.parametrize(
    ("kind", "attribution"),
    [("GeoLite2-City", GEOLITE), ("DBIP-City-Lite (compat=City)", DB_IP), ("GeoIP2-City", "")],
)
def test_a_database_of_ones_own_is_attributed_by_its_kind(tmp_path: Path, kind: str, attribution: str) -> None:
    file = write_database(tmp_path / "x.mmdb", RECORD, kind=kind)
    for setting in (str(file), str(tmp_path), f"{file}{os.pathsep}{tmp_path}"):
        found = city_database(setting)
        assert found is not None
        assert set(found.files) == {file}
        assert found.attribution == attribution


@pytest.mark.parametrize("setting", ["/nowhere.mmdb", __file__, str(Path(__file__).parent)])
def test_what_is_no_database_stops_the_synthesis(setting: str) -> None:
    with pytest.raises(ValueError, match="ANALYTICS_GEOIP_DB_PATH"):
        city_database(setting)


@pytest.mark.parametrize(
    ("environ", "value"),
    [({}, None), ({"ANALYTICS_GEOIP_DB_PATH": ""}, ""), ({"ANALYTICS_GEOIP_DB_PATH": "/x"}, "/x")],
)
def test_the_local_stage_takes_the_setting_from_the_environment(environ: dict[str, str], value: str | None) -> None:
    assert load_stage("local", {}, {"DATABASE_URL": "postgresql://x", **environ}).analytics_geoip_db_path == value


def test_functions_that_find_places_have_the_layer(placed: Assembly) -> None:
    compute = placed["Compute"]
    (layer,) = (name for name in compute.of("AWS::Lambda::LayerVersion") if name.startswith("Geoip"))
    holders = {
        one["Properties"]["Handler"].removesuffix(".handler").removeprefix("functions.").replace(".", "/")
        for one in compute.of("AWS::Lambda::Function").values()
        if {"Ref": layer} in one["Properties"].get("Layers", [])
    }
    assert holders == {row.module for row in CATALOG if row.finds_places}
    for one in compute.of("AWS::Lambda::Function").values():
        variables = one["Properties"].get("Environment", {}).get("Variables", {})
        if "STREAMGAUGE_STAGE" not in variables:
            continue
        found = {"Ref": layer} in one["Properties"]["Layers"]
        assert variables.get("ANALYTICS_GEOIP_DB_PATH") == ("/opt/geoip" if found else None)
        assert variables["PLACES_ATTRIBUTION"] == GEOLITE


def test_the_layer_holds_the_database(placed: Assembly, own: Path) -> None:
    (layer,) = (name for name in placed["Compute"].of("AWS::Lambda::LayerVersion") if name.startswith("Geoip"))
    files = [path for path in placed.asset("Compute", layer).rglob("*") if path.is_file()]
    assert [path.relative_to(placed.asset("Compute", layer)) for path in files] == [Path("geoip/0-cities.mmdb")]
    assert files[0].read_bytes() == own.read_bytes()


def test_functions_stay_under_lambdas_limit_with_the_free_database(placed: Assembly) -> None:
    free = 134_413_240  # bytes of the two files that the set-up pins
    layers = [placed.asset("Compute", name) for name in placed["Compute"].of("AWS::Lambda::LayerVersion")]
    assert free + sum(size_of(layer) for layer in layers) < 250_000_000


def test_without_a_database_there_is_neither_layer_nor_attribution(small: Assembly) -> None:
    compute = small["Compute"]
    assert not [name for name in compute.of("AWS::Lambda::LayerVersion") if name.startswith("Geoip")]
    for one in compute.of("AWS::Lambda::Function").values():
        variables = one["Properties"].get("Environment", {}).get("Variables", {})
        assert {"ANALYTICS_GEOIP_DB_PATH", "PLACES_ATTRIBUTION"}.isdisjoint(variables)
