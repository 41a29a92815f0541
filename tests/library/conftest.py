"""A page of its own for what `attnlib` draws."""

import pytest


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a page with these parts; fail on any request or console message."""
    contexts, complaints = [], []

    def open_page(*parts, text=None, **options):
        if text is None:
            text = "".join(part.html for part in parts)
        path = tmp_path / "page.html"
        path.write_text(
            f"<!doctype html><html lang=en><meta charset=utf-8><body>{text}", "utf-8"
        )
        context = browser.new_context(**options)
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.endswith("/page.html")] == []
