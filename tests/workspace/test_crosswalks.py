"""Code tables: what they answer, and mistakes in their files."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping import ValueRefused
from hub.source import Problems
from hub.workspace.crosswalks import Crosswalk, read_crosswalk

FILE = "config/crosswalks/sap/materials.csv"


def read(text: str | bytes) -> tuple[Crosswalk | None, list[str]]:
    problems = Problems()
    content = text.encode() if isinstance(text, str) else text
    return read_crosswalk("sap/materials", content, FILE, problems), [str(problem) for problem in problems]


def test_a_value_is_looked_up():
    table, problems = read('\ufefffrom,to\nMUG-BLUE,100-204\n"MUG, RED", 0100 \n\n')
    assert problems == []
    assert table is not None
    assert [table.lookup(value) for value in ("MUG-BLUE", "MUG, RED", "mug-blue")] == ["100-204", "0100", None]
    assert len(table) == 2


def test_a_value_is_valid_from_one_day_to_another():
    table, problems = read("to,from,valid_to,valid_from\nB,X,,2026-07-01\nA,X,2026-06-30,2026-01-01\n")
    assert problems == []
    assert table is not None
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(9999, 12, 31)]
    assert [table.lookup("X", day) for day in days] == [None, "A", "A", "B", "B"]
    assert table.lookup("X") == "B"


def test_a_value_without_a_row_of_its_own_has_that_of_the_star():
    table, problems = read("from,to,valid_from,valid_to\nX,A,,2026-06-30\n*,D,2026-01-01,\n")
    assert problems == []
    assert table is not None
    asked = [("X", date(2026, 6, 30)), ("X", date(2026, 7, 1)), ("Y", date(2026, 7, 1)), ("Y", date(2025, 7, 1))]
    assert [table.lookup(*one) for one in asked] == ["A", "D", "D", None]
    assert table.lookup("Y") == "D"


def test_a_star_that_stands_for_itself_lets_values_stay():
    table, _ = read("from,to\nX,A\n*,*\n")
    assert table is not None
    assert [table.lookup(value) for value in ("X", "Y", "")] == ["A", "Y", ""]


def test_there_is_one_star_for_a_day():
    _, problems = read("from,to\n*,A\n*,B\n")
    assert problems == [
        f"{FILE}:3:1: duplicate-key: '*' stands here and in line 2"
        " (give them valid_from and valid_to that do not overlap)"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("form,to\nA,B\n", ":1:1: unknown-column: unknown column 'form' (did you mean 'from'?)"),
        ("from,to,valid_until\n", ":1:1: unknown-column: unknown column 'valid_until' (did you mean 'valid_to'?)"),
        ("from\nA\n", ":1:1: missing-column: missing column 'to' (begin with from,to)"),
        ("from,to,to\n", ":1:1: duplicate-key: the column 'to' stands twice"),
        ("", ":1:1: missing-column: the file is empty (begin with from,to)"),
        ("from,to\nA,B\nA,C\n", ":3:1: duplicate-key: 'A' stands here and in line 2"),
        ("from,to\nA,\n", ":2:1: wrong-value: 'to' is empty"),
        ("from,to\n  ,B\n", ":2:1: wrong-value: 'from' is empty"),
        ("from,to\nA\n", ":2:1: wrong-value: 'to' is empty"),
        ("to,from\nA\n", ":2:1: wrong-value: 'from' is empty"),
        ("from,to\nA,B,C\n", ":2:1: syntax: 3 values in a table of 2 columns"),
        ("from,to,valid_from\nA,B,01.02.2026\n", ":2:1: wrong-value: 'valid_from' is no date: '01.02.2026'"),
        (
            "from,to,valid_from,valid_to\nA,B,2026-02-01,2026-01-01\n",
            ":2:1: wrong-value: 'valid_to' 2026-01-01 is before",
        ),
        ('from,to\n"A\nB",C\nD,\n', ":4:1: wrong-value: 'to' is empty"),
        ('from,to\n"A,B\n', ":2:1: syntax: unexpected end of data"),
        (b"from,to\nA,\xe4\n", ":2:1: syntax: byte 0xE4 is not UTF-8 (save the file as UTF-8)"),
        (f"from,to\nA,{'x' * 501}\n", ":2:1: wrong-value: 'to' is longer than 500 characters"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str | bytes, problem: str):
    table, problems = read(text)
    assert table is None
    assert problems[0].startswith(FILE + problem)


def test_rows_that_are_valid_on_the_same_day_are_refused():
    _, problems = read("from,to,valid_from,valid_to\nX,A,,2026-06-30\nX,B,2026-06-30,\nX,C,2027-01-01,\n")
    assert [problem.split(" ", 1)[0] for problem in problems] == [f"{FILE}:3:1:", f"{FILE}:4:1:"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: b"from,to\n" + text.encode()))
def test_any_bytes_are_a_table_or_have_problems(content: bytes):
    table, problems = read(content)
    assert (table is None) == bool(problems)


@given(st.dictionaries(st.text("AB-1", min_size=1), st.text("xyz0", min_size=1), max_size=20))
def test_every_row_is_found_again(rows: dict[str, str]):
    table, problems = read("from,to\n" + "".join(f"{value},{target}\n" for value, target in rows.items()))
    assert problems == []
    assert table is not None
    assert {value: table.lookup(value) for value in rows} == rows
    assert {row.value: row.target for row in table} == rows


def test_a_code_leads_back_to_its_value():
    table, problems = read("from,to,valid_to,one_way\nMUG,1,2026-06-30,\nCUP,1,,yes\nTEA,2,,\n*,9,,\n")
    assert problems == []
    assert table is not None
    assert (table.reverse("1"), table.reverse("2"), table.lookup("CUP")) == ("MUG", "TEA", "1")
    for code, day in (("1", date(2026, 7, 1)), ("9", None)):
        with pytest.raises(ValueRefused, match=f"has no value whose code is '{code}'"):
            table.reverse(code, day)


def test_a_code_of_several_values_is_refused_with_their_names():
    table, _ = read("from,to\nMUG,1\nCUP,1\n*,*\n")
    assert table is not None
    assert table.reverse("7") == "7"
    with pytest.raises(ValueRefused, match="'1' is the code of 'CUP' and 'MUG'; mark all but one `one_way`"):
        table.reverse("1")


def test_one_way_is_yes_or_nothing():
    _, problems = read("from,to,one_way\nMUG,1,true\n")
    assert problems == [f"{FILE}:2:1: wrong-value: 'one_way' is 'true' (write yes, or nothing)"]


@given(st.dictionaries(st.text("AB-1", min_size=1), st.text("xyz0", min_size=1), max_size=20))
def test_every_code_of_one_value_leads_back(rows: dict[str, str]):
    table, _ = read("from,to\n" + "".join(f"{value},{target}\n" for value, target in rows.items()))
    assert table is not None
    for value, target in rows.items():
        if list(rows.values()).count(target) == 1:
            assert table.reverse(target) == value
