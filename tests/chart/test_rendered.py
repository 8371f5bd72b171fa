"""What is rendered: valid for Kubernetes, as it was, and safe."""

import difflib
import json
import os
import unittest

import kubernetes_validate

from support import CHART, FOREIGN, HERE, KUBERNETES, cases, containers, helm, objects, pod_specs, rendered

SNAPSHOTS = HERE / "snapshots"


class Rendered(unittest.TestCase):
    def test_lint_has_nothing_to_say(self):
        for name, values in cases().items():
            with self.subTest(values=name):
                answer = helm("lint", "--strict", "--quiet", CHART, *(["--values", values] if values else []))
                self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_kubernetes_takes_every_object(self):
        self.assertGreaterEqual(len(cases()), 12)
        taken = set()
        for name, values in cases().items():
            for one in objects(rendered(values)):
                # Most objects are the same for most values.
                text = json.dumps(one, sort_keys=True)
                if one["kind"] in FOREIGN or text in taken:
                    continue
                taken.add(text)
                for version in KUBERNETES:
                    with self.subTest(values=name, kubernetes=version, kind=one["kind"]):
                        kubernetes_validate.validate(one, version, strict=True)

    def test_a_field_that_kubernetes_does_not_know_would_be_seen(self):
        deployment = next(one for one in objects(rendered()) if one["kind"] == "Deployment")
        deployment["spec"]["template"]["spec"]["replica"] = 2
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)

    def test_it_is_rendered_as_it_was(self):
        """Whole for the defaults, as the difference to them for all others. UPDATE=1 writes them anew."""
        defaults = rendered()
        for name, values in cases().items():
            text, file = defaults, SNAPSHOTS / "defaults.yaml"
            if values:
                file = SNAPSHOTS / f"{name}.diff"
                text = "".join(difflib.unified_diff(defaults.splitlines(True), rendered(values).splitlines(True), "defaults", name, n=2))
            if os.environ.get("UPDATE"):
                file.write_text(text)
            with self.subTest(values=name):
                self.assertTrue(file.exists() and file.read_text() == text, f"{file} differs; look, then run UPDATE=1 make chart-test")
        known = {file.stem for file in SNAPSHOTS.iterdir()}
        self.assertEqual(known, set(cases()), "a snapshot of nothing")

    def test_names_are_unique_and_fit(self):
        for name, values in cases().items():
            names = [(one["kind"], one["metadata"]["name"]) for one in objects(rendered(values))]
            self.assertEqual(len(names), len(set(names)), name)
        long = {"fullnameOverride": "x" * 40}
        for one in objects(rendered(long)):
            # The revision of a StatefulSet is its name and a hash, in a label of 63 characters.
            self.assertLessEqual(len(one["metadata"]["name"]), 52 if one["kind"] == "StatefulSet" else 63)


class Safe(unittest.TestCase):
    def each_container(self):
        for name, values in cases().items():
            for pod, spec in pod_specs(rendered(values)):
                for container in containers(spec):
                    yield {"values": name, "pod": pod, "container": container["name"]}, spec, container

    def test_no_container_is_root_or_may_become_it(self):
        for where, spec, container in self.each_container():
            with self.subTest(**where):
                security = container["securityContext"]
                self.assertTrue(security["runAsNonRoot"] and spec["securityContext"]["runAsNonRoot"])
                self.assertFalse(security["allowPrivilegeEscalation"])
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
                for context in (security, spec["securityContext"]):
                    self.assertNotEqual(context.get("runAsUser"), 0)
                self.assertFalse(security.get("privileged") or spec.get("hostNetwork") or spec.get("hostPID"))

    def test_no_container_writes_to_its_root(self):
        for where, spec, container in self.each_container():
            with self.subTest(**where):
                self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                limited = all("sizeLimit" in volume["emptyDir"] for volume in spec.get("volumes", []) if "emptyDir" in volume)
                self.assertTrue(limited, "an emptyDir without a limit fills the node")
                self.assertFalse([volume for volume in spec.get("volumes", []) if "hostPath" in volume])

    def test_no_container_is_without_limits(self):
        for where, _, container in self.each_container():
            with self.subTest(**where):
                for amounts in (container["resources"]["requests"], container["resources"]["limits"]):
                    self.assertTrue({"cpu", "memory"} <= set(amounts))

    def test_no_pod_gets_what_it_does_not_need(self):
        for name, values in cases().items():
            for pod, spec in pod_specs(rendered(values)):
                with self.subTest(values=name, pod=pod):
                    self.assertIs(spec["automountServiceAccountToken"], False)
                    self.assertIs(spec["enableServiceLinks"], False)
        # Pods of adapters know nothing of the database and see no other token than their own.
        text = rendered()
        spec = dict(pod_specs(text))["StatefulSet/core-conncentric-adapter"]
        self.assertNotIn("DATABASE_URL", str(spec))
        tokens = next(volume for volume in spec["volumes"] if volume["name"] == "tokens")
        self.assertEqual([item["key"] for item in tokens["secret"]["items"]], ["pod"])


class Careful(unittest.TestCase):
    def test_liveness_never_asks_the_database(self):
        for _, spec in pod_specs(rendered()):
            for container in spec["containers"]:
                if "livenessProbe" in container:
                    self.assertEqual(container["livenessProbe"]["httpGet"]["path"], "/healthz")
                    self.assertEqual(container["readinessProbe"]["httpGet"]["path"], "/readyz")

    def test_pods_are_given_more_time_than_their_drain(self):
        for name, values in cases().items():
            text = rendered(values)
            configs = {one["metadata"]["name"]: one["data"] for one in objects(text) if one["kind"] == "ConfigMap"}
            for pod, spec in pod_specs(text):
                drain = configs.get(pod.split("/")[1], {}).get("CONNCENTRIC_DRAIN_TIMEOUT")
                if drain:
                    with self.subTest(values=name):
                        self.assertGreater(spec["terminationGracePeriodSeconds"], int(drain.removesuffix("s")))

    def test_a_hook_before_the_installation_needs_nothing_of_the_release(self):
        for name, values in cases().items():
            parts = objects(rendered(values))
            hook = lambda one: one["metadata"].get("annotations", {}).get("helm.sh/hook", "")
            early = {(one["kind"], one["metadata"]["name"]) for one in parts if "pre-install" in hook(one)}
            for one in parts:
                if one["kind"] == "Job" and "pre-install" in hook(one):
                    with self.subTest(values=name):
                        spec = one["spec"]["template"]["spec"]
                        self.assertIn(("ServiceAccount", spec["serviceAccountName"]), early)
                        self.assertNotIn("configMapRef", str(spec))

    def test_an_upgrade_with_the_same_settings_restarts_nobody(self):
        templates = lambda text: [one["spec"]["template"] for one in objects(text) if one["kind"] in ("Deployment", "StatefulSet")]
        self.assertEqual(templates(rendered()), templates(rendered(None, "--is-upgrade")))
        more = templates(rendered({"log": {"filter": "debug"}}))
        self.assertTrue(all(old != new for old, new in zip(templates(rendered()), more)), "new settings restart all")
