"""Our kernels through Jupyter's blocking client: what notebooks and consoles rely on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.jupyter.clients import SECONDS, Message, manager, opened, printed, ran, reply_to

pytestmark = pytest.mark.slow
FOREVER = "print('begun', flush=True)\nwhile True:\n    pass"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[BlockingKernelClient]:
    with opened("codeact", tmp_path) as found:
        yield found


@pytest.fixture
def either(kernel_name: str, tmp_path: Path) -> Iterator[BlockingKernelClient]:
    """A client of one kernel and of the other: where it matters what process the kernel is in."""
    with opened(kernel_name, tmp_path) as found:
        yield found


def test_streams_and_values_come_in_order(client: BlockingKernelClient) -> None:
    code = (
        "import sys\nfrom IPython.display import HTML, display\nprint('one')\n"
        "display(HTML('<b>two</b>'))\nprint('three', file=sys.stderr)\n!echo four\n5"
    )
    _, heard = ran(client, code)
    kinds = [content.get("name", kind) for kind, content in heard]
    assert kinds == ["stdout", "display_data", "stderr", "stdout", "execute_result"]
    assert heard[1][1]["data"]["text/html"] == "<b>two</b>"
    assert heard[4][1] == {"data": {"text/plain": "5"}, "metadata": {}, "execution_count": 1}


def test_output_is_heard_while_the_cell_runs(client: BlockingKernelClient) -> None:
    moments: list[float] = []

    def hear(message: Message) -> None:
        if message["msg_type"] == "stream":
            moments.append(time.monotonic())

    ran(client, "import time\nprint('a')\ntime.sleep(0.5)\nprint('b')", hear)
    assert len(moments) == 2
    assert moments[1] - moments[0] > 0.2


def test_a_display_can_be_updated_and_cleared(client: BlockingKernelClient) -> None:
    code = (
        "from IPython.display import clear_output, display\n"
        "shown = display('first', display_id='one')\n"
        "shown.update('second')\nclear_output(wait=True)"
    )
    _, heard = ran(client, code)
    assert [kind for kind, _ in heard] == ["display_data", "update_display_data", "clear_output"]
    assert heard[0][1]["transient"] == heard[1][1]["transient"] == {"display_id": "one"}
    assert heard[1][1]["data"]["text/plain"] == "'second'"
    assert heard[2][1] == {"wait": True}


def test_a_plot_is_a_picture(client: BlockingKernelClient) -> None:
    _, heard = ran(client, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    pictures = [content["data"] for kind, content in heard if kind == "display_data"]
    assert [each["image/png"][:8] for each in pictures] == ["iVBORw0K"]


def test_an_error_has_name_value_and_traceback(client: BlockingKernelClient) -> None:
    reply, heard = ran(client, "def f():\n    1 / 0\nf()")
    assert reply["status"] == "error"
    assert (reply["ename"], reply["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert any("1 / 0" in line for line in reply["traceback"])
    assert heard == [("error", {key: reply[key] for key in ("ename", "evalue", "traceback")})]


def test_a_cell_runs_up_to_its_error(client: BlockingKernelClient) -> None:
    reply, heard = ran(client, "print('before')\nnowhere\nprint('after')")
    assert (reply["ename"], printed(heard)) == ("NameError", "before\n")


def test_top_level_await_and_magics_work(client: BlockingKernelClient) -> None:
    _, heard = ran(client, "import asyncio\nawait asyncio.sleep(0, 'waited')")
    assert heard[0][1]["data"]["text/plain"] == "'waited'"
    reply, heard = ran(client, "%%time\nx = 1")
    assert reply["status"] == "ok"
    assert "Wall time" in printed(heard)


def test_results_are_kept_under_their_numbers(client: BlockingKernelClient) -> None:
    ran(client, "6 * 7")
    _, heard = ran(client, "Out[1], _1, _")
    assert heard[0][1]["data"]["text/plain"] == "(42, 42, 42)"


def test_a_silent_cell_shows_no_result_and_has_no_number(client: BlockingKernelClient) -> None:
    reply, heard = ran(client, "1 + 1", silent=True)
    assert (reply["status"], heard) == ("ok", [])
    reply, _ = ran(client, "2")
    assert reply["execution_count"] == 1


def test_a_cell_without_history_has_no_number_of_its_own(client: BlockingKernelClient) -> None:
    ran(client, "1", store_history=False)
    reply, heard = ran(client, "undefined")
    assert reply["execution_count"] == 1
    assert '  File "<cell 1>", line 1, in <module>' in heard[0][1]["traceback"]


def test_expressions_are_evaluated_after_the_cell(client: BlockingKernelClient) -> None:
    wanted = {"good": "x + 1", "bad": "nowhere"}
    reply, _ = ran(client, "x = 1", user_expressions=wanted)
    assert reply["user_expressions"]["good"]["data"] == {"text/plain": "2"}
    assert reply["user_expressions"]["bad"]["ename"] == "NameError"


def test_cells_behind_an_error_are_not_run(client: BlockingKernelClient) -> None:
    sent = [client.execute(code) for code in ("1 / 0", "ran = True", "ran = True")]
    states = [reply_to(client, each)["status"] for each in sent]
    assert states == ["error", "aborted", "aborted"]
    assert ran(client, "ran")[0]["ename"] == "NameError"


def test_cells_behind_an_error_run_where_that_is_wanted(client: BlockingKernelClient) -> None:
    sent = [client.execute(code, stop_on_error=False) for code in ("1 / 0", "ran = True")]
    states = [reply_to(client, each)["status"] for each in sent]
    assert states == ["error", "ok"]


@pytest.mark.parametrize("mode", ["signal", "message"])
def test_an_interrupt_stops_the_cell_and_keeps_the_state(
    either: BlockingKernelClient, mode: str
) -> None:
    ran(either, "kept = 'still here'")
    manager(either).kernel_spec.interrupt_mode = mode

    def hear(message: Message) -> None:
        if message["msg_type"] == "stream":
            manager(either).interrupt_kernel()

    reply, _ = ran(either, FOREVER, hear)
    assert reply["ename"] == "KeyboardInterrupt"
    assert ran(either, "kept")[1][0][1]["data"]["text/plain"] == "'still here'"


def test_input_asks_the_client_and_waits(client: BlockingKernelClient) -> None:
    asked: list[Message] = []

    def answer(message: Message) -> None:
        asked.append(message["content"])
        client.input(f"answer {len(asked)}")

    code = (
        "from getpass import getpass\nprint('before')\n"
        "(input('Name? '), getpass('Secret: '), [input() for _ in range(2)])"
    )
    _, heard = ran(client, code, stdin_hook=answer, allow_stdin=True)
    assert asked[:2] == [
        {"prompt": "Name? ", "password": False},
        {"prompt": "Secret: ", "password": True},
    ]
    wanted = "('answer 1', 'answer 2', ['answer 3', 'answer 4'])"
    assert heard[-1][1]["data"]["text/plain"] == wanted


def test_input_is_refused_where_the_client_cannot_be_asked(client: BlockingKernelClient) -> None:
    reply, _ = ran(client, "input()", allow_stdin=False)
    assert reply["ename"] == "StdinNotImplementedError"


def test_a_question_can_be_interrupted(client: BlockingKernelClient) -> None:
    def leave(message: Message) -> None:
        manager(client).interrupt_kernel()

    reply, _ = ran(client, "input('Well? ')", stdin_hook=leave, allow_stdin=True)
    assert reply["ename"] == "KeyboardInterrupt"
    assert ran(client, "1")[0]["status"] == "ok"


def test_completion_answers_at_once_while_a_cell_runs(client: BlockingKernelClient) -> None:
    client.execute(FOREVER)
    assert reply_to(client, client.complete("pri"))["matches"] == []


def test_a_kernel_that_dies_says_so_and_has_its_variables_back(
    either: BlockingKernelClient,
) -> None:
    ran(either, "kept = 'still here'")
    reply, heard = ran(either, "print('last words')\nimport os\nos._exit(3)")
    assert reply["ename"] == "StateLost"
    assert printed(heard) == "last words\n"
    said = printed(heard, "stderr")
    assert said.startswith("[The Python process exited with status 3 while the cell ran.]\n")
    assert "The variables have been restored as they were before this cell: kept (str" in said
    assert ran(either, "kept")[1][0][1]["data"]["text/plain"] == "'still here'"


def test_leaving_ends_the_cell_and_tells_the_client(client: BlockingKernelClient) -> None:
    for code in ("exit", "quit()"):
        reply, _ = ran(client, code)
        assert reply["payload"] == [{"source": "ask_exit", "keepkernel": False}]


def test_the_code_sees_the_folder_and_nothing_beside_it(
    either: BlockingKernelClient, tmp_path: Path
) -> None:
    (tmp_path / "data.txt").write_text("here")
    _, heard = ran(either, "open('data.txt').read()")
    assert heard[0][1]["data"]["text/plain"] == "'here'"
    reply, _ = ran(either, f"open({str(Path(__file__))!r})")
    assert reply["ename"] in ("FileNotFoundError", "PermissionError")
    reply, _ = ran(either, "import socket; socket.create_connection(('127.0.0.1', 9), 1)")
    assert reply["status"] == "error"


def test_a_kernel_of_the_root_folder_works_in_a_fresh_one_and_says_so() -> None:
    with opened("codeact", Path("/")) as client:
        _, heard = ran(client, "import os; os.getcwd()")
    assert printed(heard, "stderr").startswith("This kernel was started in the root folder")
    assert heard[-1][1]["data"]["text/plain"] != "'/'"


def test_a_client_that_opens_a_comm_is_told_that_nobody_is_there(
    client: BlockingKernelClient,
) -> None:
    content = {"comm_id": "abc", "target_name": "jupyter.widget", "data": {}}
    client.shell_channel.send(client.session.msg("comm_open", content))
    while (message := client.get_iopub_msg(timeout=SECONDS))["msg_type"] != "comm_close":
        pass
    assert message["content"]["comm_id"] == "abc"


def test_a_message_with_a_wrong_signature_is_not_heard(client: BlockingKernelClient) -> None:
    key, client.session.key = client.session.key, b"forged"
    client.execute("forged = True")
    client.session.key = key
    assert ran(client, "forged")[0]["ename"] == "NameError"


def test_two_kernels_run_at_the_same_time(kernel_name: str, tmp_path: Path) -> None:
    with opened(kernel_name, tmp_path) as busy, opened(kernel_name, tmp_path) as free:
        busy.execute(FOREVER)
        assert ran(free, "1")[0]["status"] == "ok"


def test_messages_can_be_encrypted(kernel_name: str, tmp_path: Path) -> None:
    with opened(kernel_name, tmp_path, transport_encryption="required") as client:
        assert manager(client).curve_publickey
        assert ran(client, "1")[0]["status"] == "ok"


def test_a_restart_in_the_middle_of_a_cell_is_a_fresh_kernel(
    either: BlockingKernelClient,
) -> None:
    ran(either, "old = 1")
    either.execute(FOREVER)
    manager(either).restart_kernel(now=True)
    either.wait_for_ready(timeout=SECONDS)
    assert ran(either, "old")[0]["ename"] == "NameError"
