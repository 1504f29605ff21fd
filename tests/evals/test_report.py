"""What a folder of rollouts comes to: rows, comparisons, tables and the page, for real episodes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from codeact import trajectory as trajectories
from codeact.errors import ConfigError, DataError, ModelError
from codeact.evals import plots
from codeact.evals.m3tooleval import M3ToolEval, run
from codeact.evals.page import page
from codeact.evals.report import Row, Table, compare, compare_formats, summarize
from codeact.evals.results import Arm, arm, begin, load, read_manifest, slug
from codeact.evals.tables import comparison_tables, document, markdown, paper_table, plain, tables
from codeact.messages import Completion, NativeCall, Usage
from codeact.models.scripted import ScriptedModel
from codeact.rollout import Task
from codeact.trajectory import StopReason, Trajectory

pytestmark = pytest.mark.anyio

FEW = 200
SALES = "web_browsing/people_in_sales"  # the answer is 4
HEX = "message_decoder/full_alien_message_decoding"
LOOK = Completion(
    text='Action: {"tool": "view", "args": []}\nEnd Action',
    usage=Usage(input_tokens=100, output_tokens=10, cached_tokens=40, cost=0.5),
    seconds=2.0,
)
RIGHT = Completion(text="Answer: 4", usage=Usage(input_tokens=50, output_tokens=5, cost=0.25))
WRONG = dataclasses.replace(RIGHT, text="Answer: 9")
NASTY = '</pre><script>alert("x")</script>\x1b[31m\u202e'

MADE = {"grader": "fixed", "max_turns": 10, "prompts": {"json": "1"}, "models": {"a": "a"}}

Replies = Sequence[str | Completion | Exception]


def _tasks(benchmark: M3ToolEval, *ids: str) -> list[Task]:
    return [task for task in benchmark.tasks() if task.id in ids]


async def _live(
    folder: Path,
    replies: Replies,
    *,
    format: str = "json",
    ids: tuple[str, ...] = (SALES,),
    epochs: int = 1,
    model: str = "tiny",
) -> M3ToolEval:
    benchmark = M3ToolEval()
    await run(
        benchmark,
        ScriptedModel(replies, name=model),
        [format],
        out=folder / slug(model),
        tasks=_tasks(benchmark, *ids),
        epochs=epochs,
        concurrency=1,
    )
    return benchmark


async def _row(folder: Path, replies: Replies, *, epochs: int = 1) -> Row:
    (found,) = load(folder, await _live(folder, replies, epochs=epochs))
    return summarize(found, resamples=FEW)


async def test_a_row_counts_what_was_lived(tmp_path: Path) -> None:
    row = await _row(tmp_path, [LOOK, RIGHT, WRONG], epochs=2)
    assert (row.model, row.format, row.tasks, row.epochs, row.n) == ("tiny", "json", 1, 2, 2)
    assert (row.solved, row.success, row.first, row.mean_turns) == (1, 0.5, 0.5, 1.5)
    assert (row.input_tokens, row.cached_tokens, row.output_tokens) == (200, 40, 20)
    assert (row.cost, row.per_solved) == (1.0, 220.0)
    assert row.model_seconds == pytest.approx(2.0, abs=0.1)
    assert (row.curve, row.kinds) == ((0.0, 0.5), {"wrong_answer": 1})
    assert (row.pass_at_epochs, row.pass_all_epochs) == (1.0, 0.0)


async def test_an_unknown_price_makes_the_cost_unknown(tmp_path: Path) -> None:
    dear = dataclasses.replace(RIGHT, usage=Usage(input_tokens=1, cost=None))
    row = await _row(tmp_path, [dear])
    assert row.cost is None
    assert "?" in plain(tables([row], [])[1])


async def test_episodes_that_the_provider_ended_are_no_failures(tmp_path: Path) -> None:
    row = await _row(tmp_path, [ModelError("503"), RIGHT], epochs=2)
    assert (row.n, row.failed, row.success, row.kinds) == (1, 1, 1.0, {})


async def test_the_later_line_of_an_episode_counts(tmp_path: Path) -> None:
    await _live(tmp_path, [ModelError("503")])
    row = await _row(tmp_path, [RIGHT])
    assert (row.n, row.failed, row.solved) == (1, 0, 1)


async def test_an_incomplete_run_says_what_is_missing(tmp_path: Path) -> None:
    begin(tmp_path, {**MADE, "models": {"tiny": "tiny"}, "epochs": {"tiny": 2}, "tasks": [SALES]})
    row = await _row(tmp_path, [RIGHT])
    assert (row.n, row.missing) == (1, 1)
    (success, *_) = tables([row], [])
    assert (success.columns[-1], success.rows[0][-1]) == ("missing", "1")
    assert "the run is incomplete" in success.note


async def test_failed_turns_are_labelled_and_their_recovery_is_told(tmp_path: Path) -> None:
    unknown = 'Action: {"tool": "fly", "args": []}\nEnd Action'
    row = await _row(tmp_path, ["Hm.", RIGHT, unknown, WRONG], epochs=2)
    assert row.errors == {"no_marker": 1, "UnknownTool": 1}
    assert row.recovered == 0.5
    (table,) = [each for each in tables([row], []) if each.title == "Failed turns by kind"]
    assert table.rows == (("tiny", "json", "1", "1", "50.0"),)


async def test_half_a_line_is_not_read_and_stays_where_it_is(tmp_path: Path) -> None:
    benchmark = await _live(tmp_path, [RIGHT])
    path = tmp_path / "tiny/json.jsonl"
    half = path.read_bytes() + path.read_bytes()[:50]
    path.write_bytes(half)
    (found,) = load(tmp_path, benchmark)
    assert len(found.episodes) == 1
    assert path.read_bytes() == half


async def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    benchmark = await _live(tmp_path, [RIGHT])
    path = tmp_path / "tiny/json.jsonl"
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(DataError, match=r"json\.jsonl, line 1"):
        load(tmp_path, benchmark)


def test_a_trajectory_of_no_task_is_refused(tmp_path: Path) -> None:
    lost = Trajectory(prompt=(), steps=(), stop_reason=StopReason.ANSWERED)
    trajectories.append(tmp_path / "json.jsonl", lost)
    with pytest.raises(DataError, match="without its task"):
        arm(tmp_path / "json.jsonl", M3ToolEval())


def test_a_folder_without_rollouts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no rollouts"):
        load(tmp_path, M3ToolEval())


async def _two_formats(folder: Path) -> tuple[Arm, ...]:
    both = (HEX, SALES)
    await _live(folder, ["Answer: fchahcufcu", LOOK, RIGHT], format="json", ids=both)
    benchmark = await _live(folder, [WRONG, "Answer: 4"], format="text", ids=both)
    return load(folder, benchmark)


async def test_formats_are_compared_on_the_same_tasks(tmp_path: Path) -> None:
    (found,) = compare_formats(await _two_formats(tmp_path), resamples=FEW)
    assert (found.first, found.second) == ("tiny json", "tiny text")
    assert (found.paired.difference, found.paired.only_first) == (0.5, (HEX,))
    assert (found.both, found.turns) == (1, (2.0, 1.0))
    assert (found.paired.p, found.paired.adjusted) == (1.0, 1.0)


async def test_runs_of_other_tasks_are_not_compared(tmp_path: Path) -> None:
    await _live(tmp_path, [RIGHT], format="json")
    benchmark = await _live(tmp_path, [WRONG], format="text", ids=(HEX,))
    first, second = load(tmp_path, benchmark)
    assert compare(first, second) is None
    assert compare_formats([first, second]) == []


async def test_discordant_tasks_are_shown_by_name(tmp_path: Path) -> None:
    found = compare_formats(await _two_formats(tmp_path), resamples=FEW)
    differences, turns, discordant = comparison_tables(found)
    assert discordant.rows == ((HEX, "tiny json", "tiny text"),)
    assert differences.rows[0][:4] == ("tiny json", "tiny text", "2", "+50.0")
    assert turns.rows == (("tiny json", "tiny text", "1", "2.00", "1.00", "98.6"),)


async def test_markdown_sets_a_model_beside_the_papers(tmp_path: Path) -> None:
    row = await _row(tmp_path, [RIGHT])
    text = document([row], [], title="M3ToolEval", more=[paper_table([row])])
    assert "| tiny (this run) |  | 100.0 |  |  | 1.0 |  |" in text
    assert "| gpt-4-0613 | 67.1 | 56.1 | 45.1 | 6.6 | 7.6 | 8.0 |" in text


def test_markdown_escapes_what_would_divide_a_cell() -> None:
    text = markdown(Table(title="T", columns=("a|b", "n"), rows=(("x\ny|", "1"),)))
    assert text.splitlines()[2:] == ["| a\\|b | n |", "| --- | --: |", "| x y\\| | 1 |"]


def test_plain_columns_are_aligned() -> None:
    table = Table(title="T", columns=("model", "n"), rows=(("m", "10"), ("long name", "2")))
    assert plain(table).splitlines() == ["T", "model       n", "m          10", "long name   2"]


class _Reader(HTMLParser):
    """The tags of a page, checked to be closed in order, and all its text."""

    VOID = frozenset({"meta", "br", "rect", "path"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def _page(folder: Path, replies: Replies, *, model: str = "tiny") -> str:
    arms = load(folder, await _live(folder, replies, model=model))
    rows = [summarize(each, resamples=FEW) for each in arms]
    manifest = {"tasks": [SALES], "grader": NASTY}
    return page(
        arms,
        rows,
        compare_formats(arms),
        manifest=manifest,
        title="M3ToolEval: what the runs came to",
        judged="fixed grader",
    )


async def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    text = await _page(tmp_path, [LOOK, "Answer: 9"])
    read = _Reader(text)
    assert read.tags.count("svg") == 4  # success, turns, kinds, one domain; nothing was solved
    assert "script" not in read.tags
    assert re.findall(r"(?:src|href)=|\burl\(|@import", text) == []


async def test_the_page_shows_each_trajectory(tmp_path: Path) -> None:
    read = _Reader(await _page(tmp_path, [LOOK, "Answer: 9"]))
    assert "wrong_answer, 2 turns" in read.text
    assert "[Viewing page 1 of 2]" in read.text
    assert "How many people work in the Sales Department?" in read.text


async def test_nothing_that_a_model_wrote_becomes_markup(tmp_path: Path) -> None:
    thinks = Completion(text=NASTY, reasoning=NASTY)
    text = await _page(tmp_path, [thinks, f"Answer: {NASTY}"], model=NASTY)
    assert "script" not in _Reader(text).tags
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


async def test_the_page_shows_what_the_provider_ended(tmp_path: Path) -> None:
    text = await _page(tmp_path, [LOOK, ModelError("503 <overloaded>")])
    assert "503 &lt;overloaded&gt;" in text


async def test_the_page_shows_native_calls(tmp_path: Path) -> None:
    call = Completion(text="", calls=(NativeCall(id="c", name="view", arguments="{}"),))
    await _live(tmp_path, [call, "4"], format="native")
    assert "<pre>view()</pre>" in await _page(tmp_path, [RIGHT])


def test_a_bar_without_length_can_be_drawn() -> None:
    assert "<svg" in plots.bars("none", [plots.Bar(label="a", value=0, text="0", colour="red")])
    assert "<svg" in plots.stacks("none", {})
    assert "<svg" in plots.curves("none", [], "turns")


@pytest.mark.parametrize(
    ("one", "other"), [("a/b", "a-b"), ("a b", "a/b"), ("../x", "x"), ("é", "model"), ("", ".")]
)
def test_two_models_never_share_a_folder(one: str, other: str) -> None:
    assert slug(one) != slug(other)
    assert re.fullmatch(r"[\w+-][\w.+-]*", slug(one), flags=re.ASCII)


def test_a_common_name_is_its_own_folder() -> None:
    assert slug("gpt-4.1-mini") == "gpt-4.1-mini"


def test_a_run_may_grow_by_models_and_formats(tmp_path: Path) -> None:
    begin(tmp_path, {**MADE, "tasks": ["x"], "begun": "then"})
    added = {"prompts": {"text": "2"}, "models": {"b": "b"}, "tasks": ["y", "x"], "begun": "now"}
    begin(tmp_path, {**MADE, **added})
    record = read_manifest(tmp_path)
    assert record["models"] == {"a": "a", "b": "b"}
    assert record["prompts"] == {"json": "1", "text": "2"}
    assert (record["tasks"], record["begun"]) == (["x", "y"], "then")


@pytest.mark.parametrize("change", [{"max_turns": 20}, {"prompts": {"json": "9"}}])
def test_a_run_that_was_made_otherwise_is_not_resumed(
    tmp_path: Path, change: dict[str, object]
) -> None:
    begin(tmp_path, MADE)
    with pytest.raises(ConfigError, match=f"holds a run with {next(iter(change))}"):
        begin(tmp_path, {**MADE, **change})


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"schema": "other"})])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match=r"run\.json is no"):
        read_manifest(tmp_path)
