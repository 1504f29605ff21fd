"""The suite that Jupyter offers to authors of kernels, on both forms of ours."""

from __future__ import annotations

import jupyter_kernel_test  # type: ignore[import-untyped]
import pytest
from jupyter_kernel_test.msgspec_v5 import validate_message  # type: ignore[import-untyped]

pytestmark = [
    pytest.mark.slow,
    # The client's heartbeat thread may open its socket when the test has closed their context.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
HOSTILE = "class Trap:\n    def __dir__(self):\n        raise SystemExit\ntrap = Trap()"


class Warm(jupyter_kernel_test.KernelTests):  # type: ignore[misc]
    kernel_name = "codeact"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [  # noqa: RUF012 - the suite's way to be told
        {"text": "zi", "matches": {"zip"}},
        {"text": "import fractio", "matches": {"fractions"}},
        {"text": "'abc'.start", "matches": {".startswith"}},
    ]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]  # noqa: RUF012
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]  # noqa: RUF012
    invalid_code_samples = ["import = 7q"]  # noqa: RUF012
    code_page_something = "zip?"
    code_generate_error = "raise ValueError('as asked')"
    code_execute_result = [  # noqa: RUF012
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    ]
    code_display_data = [  # noqa: RUF012
        {
            "code": "from IPython.display import *; display(HTML('<b>test</b>'))",
            "mime": "text/html",
        },
        {"code": "display(Math('\\\\frac{1}{2}'))", "mime": "text/latex"},
        {"code": "display(Markdown('**b**'))", "mime": "text/markdown"},
        {"code": "display(JSON({'a': [1]}))", "mime": "application/json"},
        {"code": "display(SVG('<svg/>'))", "mime": "image/svg+xml"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    def test_a_restart_of_the_kernel_empties_the_namespace(self) -> None:
        self.execute_helper("kept = 1")
        self.km.restart_kernel()
        self.kc.wait_for_ready(timeout=10)
        reply, _ = self.execute_helper("kept")
        assert reply["content"]["ename"] == "NameError"
        assert reply["content"]["execution_count"] == 1

    def test_a_hostile_object_gives_no_completions(self) -> None:
        self.flush_channels()
        self.execute_helper(HOSTILE)
        asked = self.kc.complete("trap.")
        reply = self.get_non_kernel_info_reply(timeout=10)
        validate_message(reply, "complete_reply", asked)
        assert reply is not None
        assert reply["content"]["matches"] == []


class Plain(Warm):
    kernel_name = "codeact-plain"


class Welcome(jupyter_kernel_test.IopubWelcomeTests):  # type: ignore[misc]
    kernel_name = "codeact"
    support_iopub_welcome = True
