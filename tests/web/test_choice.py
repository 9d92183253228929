"""Where there are several models: the page that lists them, and how each page says whose it is."""

from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from techner.core.errors import StoreError
from techner.store import MemoryStore, Store
from techner.web import Answering, ModelLink, create_app, create_choice
from techner.web.moved import OF_ONE_MODEL
from tests.counting import CountingStore
from tests.waiting import until
from tests.web.conftest import PASSED, fill, judge
from tests.web.test_first_look import Unread

Filled = Any  # see conftest.py
BROWSER = {"Accept": "text/html"}


def mounted(stores: dict[str, Store], *models: ModelLink) -> FastAPI:
    """Mount the choice among models as Airflow does."""

    def open_store(model: str) -> Store:
        if model not in stores:
            raise StoreError(f"the store of {model} is down")
        return stores[model]

    answering = Answering(person=lambda: None, secret=lambda: b"")
    app = FastAPI()
    names = {*stores, *(model.name for model in models)}
    apps = {name: create_app(partial(open_store, name), model=name) for name in names}
    for model in stores:
        app.mount(f"/techner/model/{model}", apps[model])
    choice = create_choice(
        lambda: models,
        dag_of=str,
        look_at=lambda model: apps[model].state.reading(),
        dependencies=[],
        answering=answering,
    )
    app.mount("/techner", choice)
    return app


def opened(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False, headers=BROWSER)


@pytest.fixture
def visit(filled: Filled) -> TestClient:
    """Visit the pages of one of two models."""
    named = ModelLink(name="legal"), ModelLink(name="<b>", problem="rename that <table>")
    return opened(mounted({"legal": filled.store}, *named))


@pytest.fixture
def both(filled: Filled) -> TestClient:
    """Visit two models, of which one has nothing but a run that the other has too."""
    other = MemoryStore()
    judge(other, "scheduled-9", PASSED, version=None, batches=())
    stores: dict[str, Store] = {"legal": filled.store, "sales": other}
    return opened(mounted(stores, *(ModelLink(name=name) for name in stores)))


def test_the_first_page_lists_the_models_and_what_is_wrong_with_one(visit: TestClient) -> None:
    page = visit.get("/techner/").text
    assert 'href="./model/legal/"' in page
    assert "rename that &lt;table&gt;" in page
    assert "<b>" not in page


def test_before_a_model_is_chosen_the_header_leads_to_no_page_of_one(visit: TestClient) -> None:
    pages = [visit.get("/techner/"), visit.get("/techner/nowhere"), visit.get("/techner/tab/sales/night")]
    assert [page.status_code for page in pages] == [200, 404, 200]
    assert not [page for page in pages if "Batches" in page.text]


@pytest.mark.parametrize("path", ["", "models", "batches/nothing", "nowhere/at/all"])
def test_each_page_says_whose_it_is_and_leads_up_to_the_others(path: str, visit: TestClient) -> None:
    page = visit.get(f"/techner/model/legal/{path}").text
    up = "../" * path.count("/") or "./"
    assert f'href="{up}../../" title="All models"><bdi>legal</bdi>' in page
    assert f'href="{up}batches"' in page


def test_commands_that_a_page_shows_are_those_of_its_model(visit: TestClient) -> None:
    assert "<code>techner --model legal run night</code>" in visit.get("/techner/model/legal/start").text


def test_a_model_without_a_name_is_not_named(filled: Filled) -> None:
    page = TestClient(create_app(lambda: filled.store)).get("/", headers=BROWSER).text
    assert "All models" not in page
    assert "Batches" in page


OLD = (
    "run/scheduled-1",
    "models/{version}?x=%20y?",
    "act/rollback/{version}",
    "compare?a={version}&b={version}",
    "batches/{held}",
    "act/release/{held}",
)


@pytest.mark.parametrize("address", OLD)
def test_an_old_address_leads_to_the_one_model_that_has_what_it_names(
    address: str, both: TestClient, filled: Filled
) -> None:
    held = next(entry.key.split("/")[1] for entry in filled.store.list("decisions/"))
    address = address.format(version=filled.production, held=held)
    answer = both.get(f"/techner/{address}", follow_redirects=False)
    up = "../" * address.partition("?")[0].count("/")
    assert (answer.status_code, answer.headers.get("Location")) == (303, f"{up}model/legal/{address}")
    assert both.get(f"/techner/{address}").status_code == 200


@pytest.mark.parametrize("address", ["batches?state=held", "runs", "run/scheduled-9", "start?run=a%2Bb"])
def test_an_old_address_that_may_be_of_any_model_offers_that_page_of_each(
    address: str, both: TestClient
) -> None:
    page = both.get(f"/techner/{address}", follow_redirects=False)
    assert page.status_code == 200
    assert "There are several now" in page.text
    up = "../" * address.partition("?")[0].count("/") or "./"
    for model in ("legal", "sales"):
        assert f'href="{up}model/{model}/{address}"' in page.text


def test_every_page_of_a_model_has_an_old_address() -> None:
    """But the first page, where the choice is now, and the API, which says where it is."""
    routes = (getattr(route, "path", "") for route in create_app(MemoryStore).routes)
    assert {path.split("/")[1] for path in routes} == {"", "v1", "openapi.json", *OF_ONE_MODEL}


NOWHERE = ("run/a%22%3E%2E", f"models/{'0' * 4}-{'0' * 16}", "batches/zz", "card/x")


@pytest.mark.parametrize("address", NOWHERE)
def test_an_old_address_of_what_no_model_has_is_a_calm_page(address: str, both: TestClient) -> None:
    page = both.get(f"/techner/{address}", follow_redirects=False)
    assert page.status_code == 404
    assert "No model is known to have what this address names" in page.text
    assert f'model/legal/{address}"' in page.text


def test_nothing_is_led_on_while_a_store_cannot_say_that_it_has_the_same(filled: Filled) -> None:
    """Two models have runs of one id."""
    models = (ModelLink(name="legal"), ModelLink(name="sales"))
    page = opened(mounted({"legal": filled.store}, *models)).get("/techner/run/scheduled-1")
    assert page.status_code == 200
    assert "not every store answers now" in page.text


@pytest.fixture(scope="module")
def years() -> Store:
    """Return a store with more nights than are read at once."""
    return fill(MemoryStore(), nights=70).store


@pytest.mark.parametrize("address", ["run/scheduled-1", "run/unknown", f"batches/{'0' * 64}"])
def test_an_old_address_costs_each_store_at_most_twelve_calls(address: str, years: Store) -> None:
    another = opened(mounted({"a": years}, ModelLink(name="a")))
    until(lambda: another.get("/techner/model/a/runs").is_success, "the index")
    stores = {model: CountingStore(inner=years) for model in ("legal", "sales")}
    models = (ModelLink(name="legal"), ModelLink(name="sales"))
    visit = opened(mounted({**stores}, *models))
    assert visit.get(f"/techner/{address}", follow_redirects=False).status_code in (200, 404)
    for store in stores.values():
        assert 0 < len(store.calls) <= 12, store.calls


def test_an_old_address_is_led_on_once_the_nights_of_a_store_without_an_index_are_read(years: Store) -> None:
    store = Unread(inner=years)
    visit = opened(mounted({"legal": store}, ModelLink(name="legal")))
    page = visit.get("/techner/run/scheduled-1", follow_redirects=False)
    assert (page.status_code, page.headers["Refresh"]) == (503, "2")
    assert len(store.calls) <= 12
    store.may.set()
    until(lambda: visit.get("/techner/run/scheduled-1").is_success, "the nights to be read")


def test_an_old_address_tells_nothing_of_a_model_that_a_visitor_may_not_see(filled: Filled) -> None:
    stores: dict[str, Store] = {"legal": filled.store, "sales": MemoryStore()}
    visit = opened(mounted(stores, ModelLink(name="sales")))
    assert visit.get("/techner/run/scheduled-1", follow_redirects=False).status_code == 404


def test_the_api_of_one_model_says_where_it_is_now(both: TestClient) -> None:
    answer = both.get("/techner/v1/aliases/production")
    assert answer.status_code == 404
    assert "model/NAME/v1/" in answer.json()["detail"]
