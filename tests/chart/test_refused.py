"""Wrong and unknown values are refused, and the refusal names them."""

import pathlib
import shutil
import tempfile
import unittest

import yaml

from support import CHART, HERE, helm, objects, template


class Refused(unittest.TestCase):
    def test_wrong_values_are_refused_in_words(self):
        wrong = yaml.safe_load((HERE / "refused.yaml").read_text())
        self.assertGreaterEqual(len(wrong), 20)
        for case in wrong:
            with self.subTest(values=case["values"]):
                answer = template(case["values"])
                self.assertNotEqual(answer.returncode, 0, "it was taken")
                self.assertIn(case["says"], answer.stderr)

    def test_every_value_is_explained(self):
        page = (CHART / "README.md").read_text()
        values = yaml.safe_load((CHART / "values.yaml").read_text())

        def paths(value, path):
            # Probes, resources and the like are explained as a whole.
            if isinstance(value, dict) and value and f"`{path}`" not in page:
                for key, inner in value.items():
                    yield from paths(inner, f"{path}.{key}" if path else key)
            else:
                yield path

        self.assertEqual([path for path in paths(values, "") if f"`{path}`" not in page], [])

    def test_the_notes_tell_the_next_step(self):
        # Without a cluster Helm shows no notes, so here they are the text of an object.
        with tempfile.TemporaryDirectory() as folder:
            chart = shutil.copytree(CHART, f"{folder}/conncentric")
            shutil.move(f"{chart}/templates/NOTES.txt", f"{chart}/files/notes.txt")
            for name, values, said in [
                ("defaults", {}, ["helm test core -n trading --logs", "nothing proves whose server the database is"]),
                ("none", {"migrations": {"mode": "none"}}, ["conncentric migrate"]),
                ("ingress", {"ingress": {"enabled": True, "hosts": ["a.example"]}}, ["https://a.example"]),
            ]:
                file = f"{folder}/{name}.yaml"
                shown = 'kind: Notes\ntext: {{ tpl (.Files.Get "files/notes.txt") . | quote }}'
                pathlib.Path(file).write_text(yaml.safe_dump({**values, "extraObjects": [shown]}))
                answer = helm("template", "core", chart, "--namespace", "trading", "--values", file)
                self.assertEqual(answer.returncode, 0, answer.stderr)
                notes = next(one["text"] for one in objects(answer.stdout) if one["kind"] == "Notes")
                for part in said:
                    self.assertIn(part, notes)
