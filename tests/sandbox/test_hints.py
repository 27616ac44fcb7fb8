from copilot_api.sandbox import hints


def test_a_sentence_offers_what_it_quotes() -> None:
    found = hints.of("Run `echo hi` and say \"one\", “two” and 'three', isn't it")
    assert found.commands == ("echo hi",)
    assert found.quoted == ("one", "two", "three")


def test_a_sentence_offers_paths_and_addresses() -> None:
    found = hints.of("Read /etc/hosts, ~/notes and src/main.py, see https://example.com/a.html")
    assert found.paths == ("/etc/hosts", "~/notes", "src/main.py")
    assert found.urls == ("https://example.com/a.html",)


def test_a_sentence_offers_numbers_and_places() -> None:
    found = hints.of("Add 3 and -4.5 for New York, Oslo and Bergen")
    assert found.numbers == (3.0, -4.5)
    assert found.places == ("New York", "Oslo", "Bergen")


def test_names_of_tools_are_no_values() -> None:
    found = hints.of('Use `get_weather` and "Bash" for `Oslo`', ignoring=frozenset({"get_weather", "Bash"}))
    assert (found.commands, found.quoted) == (("Oslo",), ())


def test_an_argument_gets_what_its_name_suggests() -> None:
    found = hints.of('Run `ls`, open notes.txt, see http://x.test/, in Oslo, say "hei"')
    names = ("command", "file_path", "url", "city", "message")
    assert [found.text_for(name) for name in names] == ["ls", "notes.txt", "http://x.test/", "Oslo", "hei"]


def test_an_argument_without_a_hint_gets_a_plain_value() -> None:
    found = hints.of("")
    names = ("cmd", "path", "uri", "location", "message")
    expected = ["echo sandbox", "sandbox.txt", "https://example.invalid/", "Oslo", "sandbox"]
    assert [found.text_for(name) for name in names] == expected


def test_a_text_without_quotations_is_the_sentence() -> None:
    assert hints.of("tell me a joke").text_for("prompt") == "tell me a joke"


def test_several_values_make_several_variants() -> None:
    found = hints.of("Run `a` and `b`, read x.py and y.py")
    assert [v.text_for("command") for v in found.variants("command")] == ["a", "b"]
    assert [v.text_for("path") for v in found.variants("path")] == ["x.py", "y.py"]
    assert [v.text_for("q") for v in hints.of('say "a" and "b"').variants("q")] == ["a", "b"]
    assert [v.text_for("city") for v in hints.of("in Oslo and Bergen").variants("city")] == ["Oslo", "Bergen"]


def test_one_value_makes_one_variant() -> None:
    found = hints.of("Run `a`")
    assert found.variants("command") == [found]


def test_a_long_text_is_looked_at_where_a_wish_stands() -> None:
    text = "`first` " + "lorem " * 100_000 + "`middle` " + "lorem " * 100_000 + "`last`"
    assert hints.of(text).commands == ("first", "last")
