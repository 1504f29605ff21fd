"""What a machine offers, which tier follows, and what the user is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeact.errors import ConfigError
from codeact.interpreter.offer import Finding, Offer, probe, tier
from codeact.interpreter.sandbox import SandboxPolicy, Tier, refused
from codeact.interpreter.walls import paths
from codeact.interpreter.walls.disk import Usage, usage
from tests.sandbox.programs import finish


def offer(*works: str, version: int = 7, cgroup: str = "") -> Offer:
    findings = tuple(Finding(name=name, works=True) for name in works)
    return Offer(findings=findings, landlock=version, cgroup=cgroup)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (offer("all namespaces together", "seccomp", cgroup="v1"), "full+cgroup"),
        (offer("all namespaces together", "seccomp"), "full"),
        (offer("all namespaces together", "seccomp", version=0), "full"),
        (offer("seccomp"), "landlock"),
        (offer("seccomp", version=0), "none"),
        (offer("all namespaces together"), "none"),
    ],
)
def test_the_strongest_possible_tier_is_chosen(found: Offer, expected: Tier) -> None:
    assert tier(found) == expected


def test_what_is_missing_says_why() -> None:
    assert all(each.why for each in probe().missing())


def test_a_container_that_refuses_namespaces_gets_the_landlock_tier(tmp_path: Path) -> None:
    program = """
from codeact.interpreter.offer import probe, tier as best
from codeact.interpreter.walls import credentials, seccomp
credentials.no_new_privileges()
seccomp.load(seccomp.compiled_container())
print(best(probe()))
print(next(each.why for each in probe().missing()))
"""
    said = finish(program, tmp_path, "-").splitlines()
    assert said == ["landlock", "Operation not permitted: unshare"]


def test_a_second_look_costs_nothing() -> None:
    assert probe() is probe()


def test_a_required_sandbox_refuses_a_machine_without_walls() -> None:
    with pytest.raises(ConfigError, match=r"cannot build one \(no Landlock\)\. Run where"):
        refused(SandboxPolicy(mode="required"), "none", "no Landlock")


def test_a_required_sandbox_accepts_the_landlock_tier() -> None:
    assert refused(SandboxPolicy(mode="required"), "landlock") is None


def test_the_user_is_warned_where_there_are_no_walls() -> None:
    said = refused(SandboxPolicy(), "none")
    assert said is not None
    assert said.startswith("Warning: no sandbox on this machine: the code can read")


def test_who_switched_it_off_is_not_warned() -> None:
    assert refused(SandboxPolicy(mode="off"), "none") is None


def test_python_is_found_without_its_users_home() -> None:
    home = str(Path.home())
    assert home not in paths.python()
    assert all(Path(path).is_dir() for path in paths.python())


def test_a_path_inside_another_is_not_named_twice(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    assert paths.outermost([str(inner), str(tmp_path), "/usr/lib", "/no/such"]) == (str(tmp_path),)


def test_a_link_is_named_with_what_it_leads_to(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    assert paths.outermost([str(link)]) == (str(link), str(real))


def test_a_workspace_is_weighed_without_following_links(tmp_path: Path) -> None:
    tmp_path.joinpath("big").write_bytes(bytes(1 << 20))
    tmp_path.joinpath("same").hardlink_to(tmp_path / "big")
    tmp_path.joinpath("out").symlink_to("/usr")
    weighed = usage(str(tmp_path), most=Usage(size=1 << 30, files=100))
    assert 1 << 20 <= weighed.size < 1.1 * (1 << 20)
    assert weighed.files == 2


def test_weighing_stops_when_it_is_enough(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        folder.joinpath("file").touch()
    assert usage(str(tmp_path), most=Usage(size=1 << 30, files=1)).files < 10
