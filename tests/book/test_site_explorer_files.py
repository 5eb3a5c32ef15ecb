"""The scripts of interactive figures as files of the site."""

import json
from types import SimpleNamespace

import nbformat
from spinebook.book.explorer import Control, frame
from spinebook.book.site import explorer_files

BODY = "const x = values.a; // 'a' is a slider\nreturn {series: [], readouts: []};  // </script>"


def chapter_with(folder, **scripts):
    outputs = []
    for name, script in scripts.items():
        control = vars(Control("a", "a", 0, 1, 0.1, 0.5))
        texts = {"name": name, "title": "T", "caption": "C", "alt": "Nothing at all to be seen."}
        html = frame(texts | {"controls": [control], "script": script, "tables": [1]})
        mark = {"spinebook": {"explorer": name}}
        outputs.append(nbformat.v4.new_output("display_data", {"text/html": html}, metadata=mark))
    cell = nbformat.v4.new_code_cell("book.explorer()", outputs=outputs)
    path = folder / "notebook.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    return SimpleNamespace(notebook=path)


def test_settings_come_back_from_the_notebook__property(tmp_path):
    chapter = chapter_with(tmp_path, one=BODY)
    assert explorer_files.settings_of(chapter)["one"]["script"] == BODY
    assert explorer_files.settings_of(SimpleNamespace(notebook=tmp_path / "none")) == {}


def test_a_file_hands_over_the_function_under_its_name__closed_form():
    text = explorer_files.script_file("one", "return 1; // done")
    assert text == (
        'window.spinebookExplorer("one", function (values, tables) {\nreturn 1; // done\n});\n'
    )


def test_files_follow_the_figures__property(tmp_path):
    folder = tmp_path / "explorers"
    chapter = chapter_with(tmp_path, one=BODY, two="return 2;")
    explorer_files.write_scripts({"toy": chapter}, folder)
    assert {path.name for path in folder.iterdir()} == {"toy-one.js", "toy-two.js"}
    assert BODY in (folder / "toy-one.js").read_text()
    explorer_files.write_scripts({"toy": chapter_with(tmp_path, two="return 3;")}, folder)
    assert [path.name for path in folder.iterdir()] == ["toy-two.js"]
    assert "return 3;" in (folder / "toy-two.js").read_text()


def test_settings_on_the_page_hold_no_script__property(tmp_path):
    from spinebook.book.site.figure_html import interactive_figure

    spec = explorer_files.settings_of(chapter_with(tmp_path, one=BODY))["one"]
    text = interactive_figure(spec, spec, "", "")
    payload = json.loads(text.split('explorer-spec">')[1].split("</script>")[0])
    assert "script" not in payload
    assert payload["tables"] == [1]
