"""The admin's form of charted fields: all of it within a screen's width, on a desk and in a hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site
from tests.processes import run

MADE = """
from django.contrib.auth.models import User
from streams.chart_models import ChartedField, ChartedStream, NamedSensor
User.objects.create_superuser("carl", password="a long password")
made = ChartedStream.objects.create(stream="orders")
ChartedField.objects.create(stream=made, name="took_ms", label="Took", unit="ms", high_warn=1500, high_bad=3000)
NamedSensor.objects.create(stream=made, sensor="7", label="Boiler")
print(made.pk)
"""
# Labels, inputs and help texts of both inlines that do not lie within the window, or are cut off by what they are in.
OUTSIDE = """() => [...document.querySelectorAll(".inline-group :is(label, input, .help, .errorlist)")]
  .filter((e) => e.offsetParent !== null && !e.closest(".empty-form"))
  .filter((e) => {
    const { left, right, width } = e.getBoundingClientRect();
    const holder = e.closest(".form-row, tr, .inline-group").getBoundingClientRect();
    return left < 0 || right > Math.min(innerWidth, holder.right + 1) || width < 12;
  })
  .map((e) => e.id || e.htmlFor || e.textContent.trim())"""


@pytest.fixture(scope="module")
def form(site: Site, chromium: Browser) -> Iterator[Page]:
    status, out, errors = run("shell", "-v0", "-c", MADE, **site.environ)
    assert status == 0, errors
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"/admin/login/?next=/admin/streams/chartedstream/{out.split()[-1]}/change/")
    page.fill("#id_username", "carl")
    page.fill("#id_password", "a long password")
    page.keyboard.press("Enter")
    expect(page.locator("#id_fields-0-name")).to_have_value("took_ms")
    yield page
    context.close()


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_nothing_of_it_lies_beyond_the_edge(form: Page, width: int) -> None:
    form.set_viewport_size({"width": width, "height": 900})
    expect(form.get_by_label("A warning above").first).to_be_visible()
    assert form.evaluate("document.documentElement.scrollWidth") <= width
    assert form.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_an_error_is_read_above_its_field(form: Page, width: int) -> None:
    form.set_viewport_size({"width": width, "height": 900})
    form.fill("#id_fields-0-low_warn", "99999")
    form.get_by_role("button", name="Save and continue editing").click()
    said = form.locator("#fields-0 .errorlist").first
    expect(said).to_contain_text("This must be above 99999, the bound before it.")
    box = said.bounding_box()
    assert box
    assert box["width"] > 100
    assert box["height"] < 100
    assert form.evaluate(OUTSIDE) == []


def test_it_says_what_each_input_is_for(form: Page) -> None:
    form.set_viewport_size({"width": 1280, "height": 900})
    row = form.locator("#fields-0")
    for text in ("As it is in the entries.", "Empty: as many as it takes.", "becomes a dead letter"):
        expect(row.get_by_text(text)).to_be_visible()
