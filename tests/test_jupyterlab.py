"""Chapters opened in JupyterLab, in a real browser, as `make lab` opens them."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from built_site import DESK, refuse_other_hosts
from playwright.sync_api import expect

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
BOOKS = {  # and the custom element of an interactive figure in each
    "formulas/03_self_attention.ipynb": "attention-map",
    "concepts/01_attention_prediction.ipynb": "attention-softmax",
}
PLACES = [
    f"JUPYTER{name}_DIR"
    for name in ("_CONFIG", "_DATA", "_RUNTIME", "LAB_SETTINGS", "LAB_WORKSPACES")
]
# JupyterLab asks nobody: no news, no updates, no list of extensions.
NOTIFICATIONS = {"fetchNews": "false", "checkForUpdates": False}
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]
START = 60  # seconds that a busy machine may take to start the server, or a page


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Folders of Jupyter's own, so that nothing of the reader's is read or changed."""
    home = tmp_path_factory.mktemp("jupyter")
    folders = {name: str(home / name.lower()) for name in PLACES}
    settings = Path(folders["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab")
    settings = settings / "apputils-extension" / "notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(NOTIFICATIONS), "utf-8")
    return os.environ | folders | {"IPYTHONDIR": str(home / "ipython")}


@pytest.fixture(scope="module")
def books(tmp_path_factory, environment):
    """Return a folder with copies of the chapters, trusted."""
    folder = tmp_path_factory.mktemp("books")
    copies = [shutil.copy(CHAPTERS / name, folder) for name in BOOKS]
    subprocess.run(
        [sys.executable, "-m", "nbformat.sign", *copies],
        env=environment,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def lab(books, environment, tmp_path_factory):
    """Start JupyterLab; return its address with {} for the rest of the path."""
    port, token = free_port(), secrets.token_hex()
    log = tmp_path_factory.mktemp("log") / "lab.log"
    command = [
        *(sys.executable, "-m", "jupyterlab", *OPTIONS),
        f"--ServerApp.root_dir={books}",
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={token}",
    ]
    address = f"http://127.0.0.1:{port}/{{}}?token={token}"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(address.format("api"), server, log)
        yield address
    finally:
        server.terminate()  # it ends the kernels first
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(address, server, log):
    """Return when the address answers."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            return urlopen(address, timeout=START).close()
        except URLError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text('utf-8')}", pytrace=False)


@pytest.fixture(scope="module", params=BOOKS, ids=lambda name: Path(name).stem)
def opened(request, lab, browser):
    """Open a chapter; return its name and its panel."""
    troubles = []

    name = Path(request.param)
    context = browser.new_context(viewport=DESK)
    refuse_other_hosts(context, troubles)
    tab = context.new_page()
    tab.set_default_timeout(START * 1000)
    expect.set_options(timeout=START * 1000)
    tab.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    tab.goto(lab.format(f"lab/workspaces/{name.stem}/tree/{name.name}"))
    tab.locator(".jp-NotebookPanel h1").wait_for()
    yield request.param, tab.locator(".jp-NotebookPanel")
    assert tab.locator(".jp-Dialog, .jp-toast-error").count() == 0
    context.close()
    assert not troubles


def test_a_chapter_opens_rendered(opened):
    name, panel = opened
    book = nbformat.read(CHAPTERS / name, as_version=4)
    prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    lines = "\n".join(prose).replace("`", "").split("\n")
    headings = [line.strip("# ") for line in lines if line.startswith(("# ", "## "))]

    text = panel.locator(".jp-MarkdownOutput")
    expect(panel.locator(".jp-Cell")).to_have_count(len(book.cells))
    expect(text).to_have_count(len(prose))
    shown = text.locator("h1, h2")
    assert [title.strip("¶ ") for title in shown.all_text_contents()] == headings
    see_all(shown)

    assert sum(cell.count("$$") for cell in prose) > 0
    assert "$$" not in "".join(text.all_text_contents())
    assert panel.locator("mjx-container[display=true]").count() > 0
    assert panel.locator("mjx-merror").count() == 0
    see_all(panel.locator("mjx-container"))

    pictures = panel.locator(".jp-OutputArea-output img")
    diagram = panel.locator(".jp-RenderedMermaid img")
    expect(pictures).to_have_count(len(images))
    expect(diagram).to_have_count(1)
    for picture in [*pictures.all(), diagram]:
        width = picture.evaluate("image => image.decode().then(() => image.width)")
        assert width > 100
    see_all(pictures)
    see_all(diagram)


def see_all(parts):
    """Scroll to each part, for JupyterLab draws only what is near; it must be there."""
    for part in parts.all():
        part.scroll_into_view_if_needed()
        expect(part).to_be_visible()


def test_an_interactive_figure_answers(opened):
    name, panel = opened
    figure = panel.locator(BOOKS[name])
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".am-ready")).to_be_visible()
    status = figure.get_by_role("status")
    status.scroll_into_view_if_needed()
    before = status.text_content()
    assert before
    control = figure.locator("input[type=radio]:not(:checked), input[type=range]").first
    control.focus()
    control.press("ArrowRight")
    expect(status).not_to_have_text(before)
