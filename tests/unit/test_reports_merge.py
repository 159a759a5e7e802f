"""Two JUnit reports → one: nothing of the first run is lost, nothing is green that was not seen to pass."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from guard.remedies.reports.merge import Merged, merged

FIRST = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="all" tests="4" failures="1" errors="1"><testsuite name="s" tests="4" failures="1" errors="1" skipped="1" time="3.5">
<properties><property name="p" value="1"/></properties>
<testcase classname="a" name="ok" time="0.1"><system-out>hé &amp; ]]&gt;</system-out></testcase>
<testcase classname="a" name="odd[&lt;x&gt; &quot;y&quot;]" time="0.2"><failure message="m &lt;1&gt;" type="E">trace
line 2</failure><system-out>said</system-out></testcase>
<testcase classname="a" name="err"><error message="boom">at x</error></testcase>
<testcase classname="a" name="later"><skipped/></testcase>
</testsuite></testsuites>"""


def again(*cases: str) -> str:
    return f'<testsuites><testsuite name="s" tests="{len(cases)}">{"".join(cases)}</testsuite></testsuites>'


PASS_ODD = '<testcase classname="a" name="odd[&lt;x&gt; &quot;y&quot;]" time="9.0"/>'
PASS_ERR = '<testcase classname="a" name="err"/>'
FAIL_ERR = '<testcase classname="a" name="err"><error message="boom 2">at y</error></testcase>'


def both(second: str, first: str = FIRST) -> tuple[Merged, ET.Element]:
    found = merged({"/r.xml": first}, {"/r.xml": second})
    assert found is not None
    return found, ET.fromstring(found.texts["/r.xml"].encode())


def case(root: ET.Element, name: str) -> ET.Element:
    (found,) = [one for one in root.iter("testcase") if one.get("name") == name]
    return found


def test_what_passed_the_second_time_is_flaky() -> None:
    found, root = both(again(PASS_ODD, PASS_ERR))
    assert (found.tests, found.flaky, found.failing) == (4, 2, 0)
    odd = case(root, 'odd[<x> "y"]')
    assert [child.tag for child in odd] == ["flakyFailure", "system-out"]
    assert odd[0].attrib == {"message": "m <1>", "type": "E"}
    assert odd[0].findtext("stackTrace") == "trace\nline 2"
    assert odd.get("time") == "9.0"
    assert [child.tag for child in case(root, "err")] == ["flakyError"]
    for suite in (root, root[0]):
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "0")
    assert root[0].get("skipped") == "1"
    assert case(root, "ok").findtext("system-out") == "hé & ]]>"
    assert root[0].find("properties/property") is not None


def test_what_failed_again_stays_a_failure() -> None:
    found, root = both(again(PASS_ODD, FAIL_ERR))
    assert (found.flaky, found.failing) == (1, 1)
    err = case(root, "err")
    assert [child.tag for child in err] == ["error", "rerunError"]
    assert err[1].findtext("stackTrace") == "at y"
    assert (root.get("failures"), root.get("errors")) == ("0", "1")


def test_what_did_not_run_again_stays_a_failure() -> None:
    found, root = both(again(PASS_ODD))
    assert found.flaky == 1
    assert [child.tag for child in case(root, "err")] == ["error"]


def test_what_was_skipped_the_second_time_stays_a_failure() -> None:
    found, root = both(again('<testcase classname="a" name="err"><skipped/></testcase>'))
    assert found.flaky == 0
    assert case(root, "err").find("error") is not None


def test_what_passed_first_and_failed_then_is_a_failure() -> None:
    found, root = both(again(PASS_ODD, PASS_ERR, '<testcase classname="a" name="ok"><failure>no</failure></testcase>'))
    assert found.failing == 1
    assert case(root, "ok").findtext("failure") == "no"
    assert root.get("failures") == "1"


def test_a_case_that_only_the_second_run_had_is_added() -> None:
    found, root = both(again(PASS_ODD, '<testcase classname="a" name="new"><failure/></testcase>'))
    assert found.tests == 5
    assert (root.get("tests"), root[0].get("tests"), root.get("failures")) == ("5", "5", "1")


def test_of_several_cases_of_one_name_all_must_have_passed() -> None:
    one = '<testcase classname="a" name="n"><failure/></testcase>'
    first = f'<testsuite tests="3" failures="2">{one}<testcase classname="a" name="n"/>{one}</testsuite>'
    passed = '<testcase classname="a" name="n"/>'
    assert both(again(passed), first)[0].flaky == 0
    assert both(again(passed, passed), first)[0].flaky == 2
    assert both(again(passed, passed, one), first)[0].flaky == 0


def test_nested_suites_count_at_each_level() -> None:
    first = (
        '<testsuites><testsuite name="" tests="2" failures="1"><testsuite name="A" tests="1" failures="1">'
        '<testcase class="A" name="x"><failure/></testcase></testsuite><testsuite name="B" tests="1" failures="0">'
        '<testcase class="B" name="x"/></testsuite></testsuite></testsuites>'
    )
    _, root = both(again('<testcase class="A" name="x"/>'), first)
    assert [suite.get("failures") for suite in root.iter("testsuite")] == ["0", "0", "0"]


def test_a_file_of_the_second_runs_own_settles_the_first() -> None:
    found = merged({"/one.xml": FIRST}, {"/two.xml": again(PASS_ODD, PASS_ERR, '<testcase classname="b" name="new"/>')})
    assert found is not None
    assert set(found.texts) == {"/one.xml"}
    assert (found.flaky, found.tests) == (2, 4)


def test_ctest_says_it_ran() -> None:
    first = '<testsuite tests="1" failures="1"><testcase name="t" classname="t" status="fail"><failure message="Failed"/></testcase></testsuite>'
    _, root = both('<testsuite><testcase name="t" classname="t" status="run"/></testsuite>', first)
    assert root[0].get("status") == "run"


@pytest.mark.parametrize(
    "text",
    ["", "<testsuite", '<!DOCTYPE x [<!ENTITY a "b">]><testsuite>&a;</testsuite>', "<coverage/>", "<testsuite>\x00</testsuite>", "\ud800"],
)
def test_what_cannot_be_read_is_not_merged(text: str) -> None:
    assert merged({"/r.xml": FIRST}, {"/r.xml": text}) is None
    assert merged({"/r.xml": text}, {"/r.xml": again(PASS_ODD)}) is None
