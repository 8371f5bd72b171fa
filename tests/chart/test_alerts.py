"""Alerts and dashboard: they ask for metrics that exist, alerts fire when they should, and each has its page."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

from support import CHART, HERE, ROOT, objects, rendered

RULES = CHART / "files" / "alerts.yaml"
DASHBOARD = CHART / "files" / "dashboard.json"


def alerts_of(rules):
    return [rule for group in rules["groups"] for rule in group["rules"]]


def alerts():
    return alerts_of(yaml.safe_load(RULES.read_text()))


def promtool_test(case, severity):
    expected = [{"exp_labels": {**severity[case["alert"]], **labels}} for labels in case.get("labels", [{}])]
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in case["series"].items()],
        "alert_rule_test": [
            {"alertname": case["alert"], "eval_time": case["quiet"], "exp_alerts": []},
            {"alertname": case["alert"], "eval_time": case["fires"], "exp_alerts": expected},
        ],
    }


def series():
    """Every name that Prometheus knows after a scrape, from what the program is known to export."""
    names = set()
    for line in (HERE / "metrics.txt").read_text().splitlines():
        _, name, kind = line.split()
        names |= {"counter": {f"{name}_total"}, "histogram": {f"{name}_bucket", f"{name}_sum", f"{name}_count"}}.get(kind, {name})
    return names


def asked_for(expression):
    return set(re.findall(r"\bconncentric_\w+", expression))


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60)


class Alerts(unittest.TestCase):
    def test_they_ask_for_what_exists(self):
        known = series()
        self.assertGreater(len(known), 30)
        for rule in alerts():
            with self.subTest(alert=rule["alert"]):
                self.assertTrue(asked_for(rule["expr"]))
                self.assertEqual(asked_for(rule["expr"]) - known, set())

    def test_promtool_takes_them(self):
        answer = promtool("check", "rules", RULES)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_each_fires_on_its_series_and_not_before(self):
        cases = yaml.safe_load((HERE / "alerts.yaml").read_text())
        self.assertEqual([case["alert"] for case in cases], [rule["alert"] for rule in alerts()], "each has its series, in their order")
        rules = yaml.safe_load(RULES.read_text())
        severity = {rule["alert"]: rule["labels"] for rule in alerts()}
        for rule in alerts_of(rules):
            # Their text is promtool's to check, not to compare.
            del rule["annotations"]
        with tempfile.TemporaryDirectory() as folder:
            rules_file, tests = pathlib.Path(folder, "rules.yaml"), pathlib.Path(folder, "tests.yaml")
            rules_file.write_text(yaml.safe_dump(rules))
            cases = [promtool_test(case, severity) for case in cases]
            tests.write_text(yaml.safe_dump({"rule_files": [str(rules_file)], "evaluation_interval": "15s", "tests": cases}))
            answer = promtool("test", "rules", tests)
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_each_has_its_page_and_each_page_its_alert(self):
        pages = {page.stem: page.read_text() for page in (ROOT / "docs" / "runbooks").glob("*.md") if page.stem != "README"}
        self.assertEqual(set(pages), {rule["alert"] for rule in alerts()})
        index = (ROOT / "docs" / "runbooks" / "README.md").read_text()
        for name, page in pages.items():
            with self.subTest(alert=name):
                self.assertTrue(page.startswith(f"# {name}\n"))
                for part in ("## What it means", "## What to do"):
                    self.assertIn(part, page)
                self.assertIn(f"({name}.md)", index)

    def test_they_are_rendered_with_their_pages(self):
        values = {"metrics": {"prometheusRule": {"enabled": True, "runbooks": "https://runbooks.example.com"}}}
        found = next(one for one in objects(rendered(values)) if one["kind"] == "PrometheusRule")
        rules = [rule for group in found["spec"]["groups"] for rule in group["rules"]]
        self.assertEqual([rule["expr"] for rule in rules], [rule["expr"] for rule in alerts()])
        for rule in rules:
            self.assertEqual(rule["annotations"]["runbook_url"], f"https://runbooks.example.com/{rule['alert']}.md")


class Dashboard(unittest.TestCase):
    def targets(self):
        board = json.loads(DASHBOARD.read_text())
        return [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])]

    def test_it_asks_for_what_exists(self):
        self.assertGreater(len(self.targets()), 15)
        for title, expression in self.targets():
            with self.subTest(panel=title):
                self.assertTrue(asked_for(expression))
                self.assertEqual(asked_for(expression) - series(), set())

    def test_prometheus_can_read_its_questions(self):
        rules = [{"record": f"panel:{index}", "expr": expression.replace("$namespace", "x").replace("$__rate_interval", "5m")}
                 for index, (_, expression) in enumerate(self.targets())]
        file = ROOT / "target" / "tools" / "dashboard-rules.yaml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
        answer = promtool("check", "rules", file)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
